-- Рекомендуемые индексы для выборки. НЕОБЯЗАТЕЛЬНЫ: без них всё работает, но каждая выборка просматривает
-- таблицы целиком, и на базе за много лет это заметно.
--
-- База принадлежит Ident. Чужой индекс может помешать её обновлению и замедляет запись, поэтому создавать его
-- можно только с согласия поставщика Ident. Сначала спросите, потом сделайте резервную копию, потом запускайте.
--
-- SQL Server 2008 R2 и новее. Повторный запуск безвреден: существующий индекс с этим именем не трогается.
-- На Standard и Express создание держит таблицу: запускайте вне приёма. Индексы с условием (WHERE) здесь
-- намеренно не нужны: старые клиенты с иными параметрами SET не смогли бы записать в таблицу с таким индексом.
-- Перед запуском замените PZ именем базы. Убрать всё: DROP INDEX имя ON таблица для каждого имени IX_IdentBitrix_….

USE [PZ];
GO

-- 1. Отметки изменений: по ним идёт выборка каждые две минуты (changed_receptions.sql).
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_DateTimeChanged] ON [dbo].[Receptions] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_DateTimeAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_DateTimeAdded] ON [dbo].[Receptions] ([DateTimeAdded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_ReceptionAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_ReceptionAdded] ON [dbo].[Receptions] ([ReceptionAdded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_PatientAppeared')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_PatientAppeared] ON [dbo].[Receptions] ([PatientAppeared]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_ReceptionStarted')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_ReceptionStarted] ON [dbo].[Receptions] ([ReceptionStarted]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_ReceptionEnded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_ReceptionEnded] ON [dbo].[Receptions] ([ReceptionEnded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_CheckIssued')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_CheckIssued] ON [dbo].[Receptions] ([CheckIssued]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_ReceptionCanceled')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_ReceptionCanceled] ON [dbo].[Receptions] ([ReceptionCanceled]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Orders_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Orders_DateTimeChanged] ON [dbo].[Orders] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Orders_DateTimeAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Orders_DateTimeAdded] ON [dbo].[Orders] ([DateTimeAdded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Orders_DateTimeBillFormed')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Orders_DateTimeBillFormed] ON [dbo].[Orders] ([DateTimeBillFormed]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_OrderServiceRelation_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_OrderServiceRelation_DateTimeChanged] ON [dbo].[OrderServiceRelation] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_OrderServiceRelation_DateTimeAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_OrderServiceRelation_DateTimeAdded] ON [dbo].[OrderServiceRelation] ([DateTimeAdded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Patients_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Patients_DateTimeChanged] ON [dbo].[Patients] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlans_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlans_DateTimeChanged] ON [dbo].[TreatmentPlans] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlans_DateTimeAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlans_DateTimeAdded] ON [dbo].[TreatmentPlans] ([DateTimeAdded]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlanElementRelations_DateTimeChanged')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlanElementRelations_DateTimeChanged] ON [dbo].[TreatmentPlanElementRelations] ([DateTimeChanged]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlanElementRelations_DateTimeAdded')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlanElementRelations_DateTimeAdded] ON [dbo].[TreatmentPlanElementRelations] ([DateTimeAdded]);
GO

-- 2. Окно сверки (planned_receptions.sql).
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_PlanStart')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_PlanStart] ON [dbo].[Receptions] ([PlanStart]);
GO

-- 3. Связи таблиц. Обычно такие индексы в базе уже есть: сперва посмотрите, потом создавайте.
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Receptions_ID_Patients_PlanStart')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Receptions_ID_Patients_PlanStart] ON [dbo].[Receptions] ([ID_Patients], [PlanStart]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Orders_ID_Receptions')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Orders_ID_Receptions] ON [dbo].[Orders] ([ID_Receptions]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Orders_ID_Patients')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Orders_ID_Patients] ON [dbo].[Orders] ([ID_Patients]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_OrderServiceRelation_ID_Orders')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_OrderServiceRelation_ID_Orders] ON [dbo].[OrderServiceRelation] ([ID_Orders]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_OrderServiceRelation_ID_TreatmentPlans')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_OrderServiceRelation_ID_TreatmentPlans] ON [dbo].[OrderServiceRelation] ([ID_TreatmentPlans]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_OrderServiceRelation_ID_TreatmentPlanElementRelations')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_OrderServiceRelation_ID_TreatmentPlanElementRelations] ON [dbo].[OrderServiceRelation] ([ID_TreatmentPlanElementRelations]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlans_ID_Patients')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlans_ID_Patients] ON [dbo].[TreatmentPlans] ([ID_Patients]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_TreatmentPlanElementRelations_ID_TreatmentPlans')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_TreatmentPlanElementRelations_ID_TreatmentPlans] ON [dbo].[TreatmentPlanElementRelations] ([ID_TreatmentPlans]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_Items_ID_Staffs')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_Items_ID_Staffs] ON [dbo].[Items] ([ID_Staffs]);
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX_IdentBitrix_ServiceItemPrices_ID_ServiceItems')
    CREATE NONCLUSTERED INDEX [IX_IdentBitrix_ServiceItemPrices_ID_ServiceItems] ON [dbo].[ServiceItemPrices] ([ID_ServiceItems]);
GO
