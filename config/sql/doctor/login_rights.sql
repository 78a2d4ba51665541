-- Отвечает: может ли этот логин менять базу. Столбцы: can_insert, can_update, can_delete, can_alter, is_admin.
-- Только SQL Server; каждое — 1 или 0.
SELECT
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT') AS can_insert,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UPDATE') AS can_update,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'DELETE') AS can_delete,
    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER') AS can_alter,
    IS_SRVROLEMEMBER('sysadmin') AS is_admin
