# Обновление интеграции до версии из этой папки: настройки и состояние остаются на месте.
#   powershell -ExecutionPolicy Bypass -File .\update.ps1
param([switch] $Again)
$ErrorActionPreference = 'Stop'
$options = @('service', 'update')
if ($Again) { $options += '--again' }
& "$PSScriptRoot\program\ident-bitrix.exe" @options
exit $LASTEXITCODE
