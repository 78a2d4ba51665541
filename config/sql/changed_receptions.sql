-- Отвечает: какие приёмы изменились после точки (@stamp, @since_id), по возрастанию, не больше 50.
-- Столбцы: reception_id, changed_at (последнее изменение всего, из чего сложена сделка), database_now.
-- Изменением считается сам приём и его отметки, заказы, строки заказов, карта пациента, планы и их строки.
-- Каждая ветвь ищет по своему времени (индекс) от @floor: целой секунды раньше точки, её верно поймёт столбец
-- любого вида. Наибольшее из времён и есть последнее изменение; с точкой оно сравнивается текстом до
-- микросекунды: каким бы ни был столбец (DATETIME, DATETIME2, SMALLDATETIME, DATE), строка читается один раз.
-- Правка карты или плана касается приёмов, назначенных не раньше @visits_since: иначе поправка телефона
-- заново подняла бы всю историю пациента.
SELECT TOP (50)
    c.reception_id AS reception_id,
    c.changed_at AS changed_at,
    GETDATE() AS database_now
FROM (
    SELECT x.reception_id AS reception_id, CONVERT(NVARCHAR(26), CAST(MAX(x.changed_at) AS DATETIME2), 121) AS changed_at
    FROM (
        SELECT r.ID AS reception_id, r.DateTimeChanged AS changed_at
        FROM Receptions AS r WHERE r.DateTimeChanged >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.DateTimeAdded
        FROM Receptions AS r WHERE r.DateTimeAdded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.ReceptionAdded
        FROM Receptions AS r WHERE r.ReceptionAdded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.PatientAppeared
        FROM Receptions AS r WHERE r.PatientAppeared >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.ReceptionStarted
        FROM Receptions AS r WHERE r.ReceptionStarted >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.ReceptionEnded
        FROM Receptions AS r WHERE r.ReceptionEnded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.CheckIssued
        FROM Receptions AS r WHERE r.CheckIssued >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT r.ID, r.ReceptionCanceled
        FROM Receptions AS r WHERE r.ReceptionCanceled >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT o.ID_Receptions, o.DateTimeChanged
        FROM Orders AS o WHERE o.DateTimeChanged >= CAST(@floor AS DATETIME) AND o.ID_Receptions IS NOT NULL
        UNION ALL
        SELECT o.ID_Receptions, o.DateTimeAdded
        FROM Orders AS o WHERE o.DateTimeAdded >= CAST(@floor AS DATETIME) AND o.ID_Receptions IS NOT NULL
        UNION ALL
        SELECT o.ID_Receptions, s.DateTimeChanged
        FROM OrderServiceRelation AS s INNER JOIN Orders AS o ON o.ID = s.ID_Orders
        WHERE s.DateTimeChanged >= CAST(@floor AS DATETIME) AND o.ID_Receptions IS NOT NULL
        UNION ALL
        SELECT o.ID_Receptions, s.DateTimeAdded
        FROM OrderServiceRelation AS s INNER JOIN Orders AS o ON o.ID = s.ID_Orders
        WHERE s.DateTimeAdded >= CAST(@floor AS DATETIME) AND o.ID_Receptions IS NOT NULL
        UNION ALL
        SELECT r.ID, p.DateTimeChanged
        FROM Patients AS p INNER JOIN Receptions AS r ON r.ID_Patients = p.ID_Persons
        WHERE p.DateTimeChanged >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, t.DateTimeChanged
        FROM TreatmentPlans AS t INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
        WHERE t.DateTimeChanged >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, t.DateTimeAdded
        FROM TreatmentPlans AS t INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
        WHERE t.DateTimeAdded >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, e.DateTimeChanged
        FROM TreatmentPlanElementRelations AS e
        INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
        INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
        WHERE e.DateTimeChanged >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, e.DateTimeAdded
        FROM TreatmentPlanElementRelations AS e
        INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
        INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
        WHERE e.DateTimeAdded >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, s.DateTimeAdded
        FROM OrderServiceRelation AS s
        INNER JOIN TreatmentPlans AS t ON t.ID = s.ID_TreatmentPlans
        INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
        WHERE s.DateTimeAdded >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
        UNION ALL
        SELECT r.ID, o.DateTimeBillFormed
        FROM Orders AS o INNER JOIN Receptions AS r ON r.ID_Patients = o.ID_Patients
        WHERE o.DateTimeBillFormed >= CAST(@floor AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    ) AS x
    GROUP BY x.reception_id
) AS c
WHERE c.changed_at > @stamp OR (c.changed_at = @stamp AND c.reception_id > @since_id)
ORDER BY c.changed_at, c.reception_id
