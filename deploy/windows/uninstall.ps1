# Удаление интеграции. Настройки, состояние и журналы остаются; с ключом -Purge удаляются и они.
#   powershell -ExecutionPolicy Bypass -File .\uninstall.ps1
#Requires -Version 5.1
param(
    [switch] $Purge
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

$installed = Join-Path $env:ProgramFiles 'IdentBitrix'
$program = Join-Path $PSScriptRoot 'program\ident-bitrix.exe'
if (-not (Test-Path -LiteralPath $program)) {
    $program = Join-Path $installed 'current\ident-bitrix.exe'
}
if (-not (Test-Path -LiteralPath $program)) {
    Write-Host 'Интеграция на этом компьютере не найдена: удалять нечего.'
    exit 0
}

$options = @('service', 'uninstall')
if ($Purge) {
    $options += '--purge'
}
& $program @options
$code = $LASTEXITCODE

# Работающий файл сам себя не удалит: папку программы дочищает этот сценарий.
if ($code -eq 0 -and (Test-Path -LiteralPath $installed)) {
    $current = Join-Path $installed 'current'
    if (Test-Path -LiteralPath $current) {
        & cmd.exe /c rmdir "$current"
    }
    Remove-Item -LiteralPath $installed -Recurse -Force
}
exit $code
