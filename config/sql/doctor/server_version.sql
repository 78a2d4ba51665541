-- Отвечает: какая версия SQL Server и уровень совместимости базы. Столбцы: version, edition.
-- Только SQL Server.
SELECT
    CAST(SERVERPROPERTY('ProductVersion') AS NVARCHAR(64)) AS version,
    CAST(SERVERPROPERTY('Edition') AS NVARCHAR(128)) AS edition
