# Установка интеграции Ident - Битрикс24 из этой папки. Интернет не нужен.
#   powershell -ExecutionPolicy Bypass -File .\install.ps1
#   powershell -ExecutionPolicy Bypass -File .\install.ps1 -Answers C:\ответы.toml
#Requires -Version 5.1
param(
    [string] $Answers = ''
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
# Вывод программы — UTF-8: без этого PowerShell 5.1 показал бы вместо русских букв знаки вопроса.
[Console]::OutputEncoding = [System.Text.Encoding]::UTF8

function Test-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($identity)
    return $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

if (-not (Test-Administrator)) {
    Write-Host 'Нужны права администратора: откройте PowerShell от его имени и повторите.'
    exit 2
}

$program = Join-Path $PSScriptRoot 'program\ident-bitrix.exe'
if (-not (Test-Path -LiteralPath $program)) {
    Write-Host "Нет файла $program. Распакуйте архив пакета целиком и запустите install.ps1 из него."
    exit 2
}

# Файлы из скачанного архива Windows помечает чужими и может не запустить.
Get-ChildItem -LiteralPath $PSScriptRoot -Recurse -File | Unblock-File

$options = @('service', 'install')
if ($Answers -ne '') {
    $options += @('--answers', $Answers)
}
& $program @options
exit $LASTEXITCODE
