-- Логин интеграции: только чтение и только тех таблиц, которые читают запросы config/sql/*.sql.
-- SQL Server 2008 R2 и новее. Запускает администратор сервера; повторный запуск безвреден.
--
-- Перед запуском замените:
--   PZ                — имя базы Ident (дважды);
--   ВПИШИТЕ_ПАРОЛЬ    — пароль логина; он же — в настройках: [[databases]] password.
-- Не хотите пароля — вход учётной записью Windows (auth = "windows"): вместо CREATE LOGIN … WITH PASSWORD
-- напишите CREATE LOGIN [ДОМЕН\служба] FROM WINDOWS; и это же имя — вместо ident_reader ниже.
--
-- Список таблиц сверяет с запросами проверка tests/unit/ident/test_deploy_sql.py: лишнего права здесь нет,
-- недостающего — тоже. Свои запросы (node.sql_dir) могут читать и другие таблицы: допишите GRANT для них.

USE [master];
GO

IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'ident_reader')
    CREATE LOGIN [ident_reader] WITH PASSWORD = N'ВПИШИТЕ_ПАРОЛЬ', DEFAULT_DATABASE = [PZ], CHECK_POLICY = ON;
GO

USE [PZ];
GO

IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'ident_reader')
    CREATE USER [ident_reader] FOR LOGIN [ident_reader] WITH DEFAULT_SCHEMA = [dbo];
GO

GRANT SELECT ON [dbo].[Receptions] TO [ident_reader];
GRANT SELECT ON [dbo].[Patients] TO [ident_reader];
GRANT SELECT ON [dbo].[Persons] TO [ident_reader];
GRANT SELECT ON [dbo].[Armchairs] TO [ident_reader];
GRANT SELECT ON [dbo].[OwnCompanies] TO [ident_reader];
GRANT SELECT ON [dbo].[Orders] TO [ident_reader];
GRANT SELECT ON [dbo].[OrderServiceRelation] TO [ident_reader];
GRANT SELECT ON [dbo].[ServiceItemPrices] TO [ident_reader];
GRANT SELECT ON [dbo].[ServiceItems] TO [ident_reader];
GRANT SELECT ON [dbo].[Items] TO [ident_reader];
GRANT SELECT ON [dbo].[ProfessionNames] TO [ident_reader];
GRANT SELECT ON [dbo].[ReceptionCancelReasons] TO [ident_reader];
GRANT SELECT ON [dbo].[AppointmentSources] TO [ident_reader];
GRANT SELECT ON [dbo].[TreatmentPlans] TO [ident_reader];
GRANT SELECT ON [dbo].[TreatmentPlanElementRelations] TO [ident_reader];
GRANT SELECT ON [dbo].[TreatmentPlanStages] TO [ident_reader];
GRANT SELECT ON [dbo].[TreatmentPlanElements] TO [ident_reader];
GO

-- Проверка: строк должно быть ровно столько, сколько GRANT выше, и во всех — SELECT.
SELECT OBJECT_NAME(major_id) AS granted_table, permission_name
FROM sys.database_permissions
WHERE grantee_principal_id = USER_ID(N'ident_reader') AND class = 1
ORDER BY granted_table;
GO
