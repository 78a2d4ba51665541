# Удаление интеграции. Настройки, состояние и журналы остаются; с ключом -Purge удаляются и они.
#   powershell -ExecutionPolicy Bypass -File .\uninstall.ps1
param([switch] $Purge)
$ErrorActionPreference = 'Stop'
$options = @('service', 'uninstall')
if ($Purge) { $options += '--purge' }
& "$PSScriptRoot\program\ident-bitrix.exe" @options
exit $LASTEXITCODE
