# Обновление интеграции до версии из этой папки: настройки и состояние остаются на месте.
#   powershell -ExecutionPolicy Bypass -File .\update.ps1
#Requires -Version 5.1
param(
    [switch] $Again
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
    Write-Host "Нет файла $program. Распакуйте архив пакета целиком и запустите update.ps1 из него."
    exit 2
}
Get-ChildItem -LiteralPath $PSScriptRoot -Recurse -File | Unblock-File

$options = @('service', 'update')
if ($Again) {
    $options += '--again'
}
& $program @options
exit $LASTEXITCODE
