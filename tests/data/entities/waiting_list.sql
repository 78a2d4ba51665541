-- Отвечает: какие заявки листа ожидания изменились после точки (@since, @since_id), и что в заявках @ids.
-- Столбцы: number, changed_at, database_now, branch — договор сущностей; остальные читает waiting_list.py.
SELECT TOP (50)
    w.ID AS number,
    COALESCE(w.DateTimeChanged, w.DateTimeAdded) AS changed_at,
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
FROM ScheduledReceptions AS w
INNER JOIN Persons AS p ON p.ID = w.ID_Patients
LEFT JOIN OwnCompanies AS o ON o.ID = w.ID_OwnCompanies
LEFT JOIN ProfessionNames AS f ON f.ID = w.ID_ProfessionNames
WHERE w.ID IN (@ids)
    OR COALESCE(w.DateTimeChanged, w.DateTimeAdded) > CAST(@since AS DATETIME)
    OR (COALESCE(w.DateTimeChanged, w.DateTimeAdded) = CAST(@since AS DATETIME) AND w.ID > @since_id)
ORDER BY COALESCE(w.DateTimeChanged, w.DateTimeAdded), w.ID
