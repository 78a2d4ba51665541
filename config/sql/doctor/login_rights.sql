-- Отвечает: может ли этот логин менять базу. Столбцы: can_insert, can_update, can_delete, can_alter, tables, is_admin.
-- Только SQL Server; каждое — 1 или 0, NULL — сервер не сказал. tables — права на отдельные таблицы.
SELECT
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT') AS can_insert,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UPDATE') AS can_update,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'DELETE') AS can_delete,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER') AS can_alter,
    (
        SELECT COUNT(*)
        FROM (
            SELECT QUOTENAME(SCHEMA_NAME(t.schema_id)) + '.' + QUOTENAME(t.name) AS name FROM sys.tables AS t
        ) AS n
        WHERE HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'INSERT') = 1
            OR HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'UPDATE') = 1
            OR HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'DELETE') = 1
    ) AS tables,
    IS_SRVROLEMEMBER('sysadmin') AS is_admin
