-- Отвечает: какие заявки листа ожидания изменились после точки (@stamp, @since_id), и что в заявках @ids.
-- Столбцы: number, changed_at, database_now, branch — договор сущностей; остальные читает waiting_list.py.
SELECT TOP (50)
    w.ID AS number,
    w.changed_at AS changed_at,
    GETDATE() AS database_now,
    o.Name AS branch,
    w.ID_Patients AS patient_id,
    p.Surname AS surname,
    p.Name AS name,
    p.Patronymic AS patronymic,
    p.MobilePhone AS phone,
    f.NameProfession AS profession,
    w.Comment AS comment,
    w.ID_ReceptionsClose AS closed_by
FROM (
    SELECT s.*, CONVERT(NVARCHAR(26), CAST(COALESCE(s.DateTimeChanged, s.DateTimeAdded) AS DATETIME2), 121) AS changed_at
    FROM ScheduledReceptions AS s
) AS w
INNER JOIN Persons AS p ON p.ID = w.ID_Patients
LEFT JOIN OwnCompanies AS o ON o.ID = w.ID_OwnCompanies
LEFT JOIN ProfessionNames AS f ON f.ID = w.ID_ProfessionNames
WHERE w.ID IN (@ids)
    OR w.changed_at > @stamp
    OR (w.changed_at = @stamp AND w.ID > @since_id)
ORDER BY w.changed_at, w.ID
