# Установка интеграции Ident - Битрикс24 из этой папки. Интернет не нужен.
#   powershell -ExecutionPolicy Bypass -File .\install.ps1
#   powershell -ExecutionPolicy Bypass -File .\install.ps1 -Answers C:\ответы.toml
param([string] $Answers = '')
$ErrorActionPreference = 'Stop'
$options = @('service', 'install')
if ($Answers -ne '') { $options += @('--answers', $Answers) }
& "$PSScriptRoot\program\ident-bitrix.exe" @options
exit $LASTEXITCODE
