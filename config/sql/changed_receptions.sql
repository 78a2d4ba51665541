-- Отвечает: какие приёмы изменились после точки (@since, @since_id), по возрастанию, не больше 50.
-- Столбцы: reception_id, changed_at (последнее изменение всего, из чего сложена сделка), database_now.
-- Изменением считается сам приём и его отметки, заказы, строки заказов, карта пациента, планы и их строки.
-- Каждая ветвь ищет по своему времени (индекс), наибольшее из времён >= @since и есть последнее изменение.
-- Правка карты или плана касается приёмов, назначенных не раньше @visits_since: иначе поправка телефона
-- заново подняла бы всю историю пациента. Времена сравниваются как DATETIME: иначе доли миллисекунды
-- вернули бы ту же строку ещё раз.
SELECT TOP (50)
    c.reception_id AS reception_id,
    MAX(c.changed_at) AS changed_at,
    GETDATE() AS database_now
FROM (
    SELECT r.ID AS reception_id, r.DateTimeChanged AS changed_at
    FROM Receptions AS r WHERE r.DateTimeChanged >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.DateTimeAdded
    FROM Receptions AS r WHERE r.DateTimeAdded >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.ReceptionAdded
    FROM Receptions AS r WHERE r.ReceptionAdded >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.PatientAppeared
    FROM Receptions AS r WHERE r.PatientAppeared >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.ReceptionStarted
    FROM Receptions AS r WHERE r.ReceptionStarted >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.ReceptionEnded
    FROM Receptions AS r WHERE r.ReceptionEnded >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.CheckIssued
    FROM Receptions AS r WHERE r.CheckIssued >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT r.ID, r.ReceptionCanceled
    FROM Receptions AS r WHERE r.ReceptionCanceled >= CAST(@since AS DATETIME)
    UNION ALL
    SELECT o.ID_Receptions, o.DateTimeChanged
    FROM Orders AS o WHERE o.DateTimeChanged >= CAST(@since AS DATETIME) AND o.ID_Receptions IS NOT NULL
    UNION ALL
    SELECT o.ID_Receptions, o.DateTimeAdded
    FROM Orders AS o WHERE o.DateTimeAdded >= CAST(@since AS DATETIME) AND o.ID_Receptions IS NOT NULL
    UNION ALL
    SELECT o.ID_Receptions, s.DateTimeChanged
    FROM OrderServiceRelation AS s INNER JOIN Orders AS o ON o.ID = s.ID_Orders
    WHERE s.DateTimeChanged >= CAST(@since AS DATETIME) AND o.ID_Receptions IS NOT NULL
    UNION ALL
    SELECT o.ID_Receptions, s.DateTimeAdded
    FROM OrderServiceRelation AS s INNER JOIN Orders AS o ON o.ID = s.ID_Orders
    WHERE s.DateTimeAdded >= CAST(@since AS DATETIME) AND o.ID_Receptions IS NOT NULL
    UNION ALL
    SELECT r.ID, p.DateTimeChanged
    FROM Patients AS p INNER JOIN Receptions AS r ON r.ID_Patients = p.ID_Persons
    WHERE p.DateTimeChanged >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, t.DateTimeChanged
    FROM TreatmentPlans AS t INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
    WHERE t.DateTimeChanged >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, t.DateTimeAdded
    FROM TreatmentPlans AS t INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
    WHERE t.DateTimeAdded >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, e.DateTimeChanged
    FROM TreatmentPlanElementRelations AS e
    INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
    INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
    WHERE e.DateTimeChanged >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, e.DateTimeAdded
    FROM TreatmentPlanElementRelations AS e
    INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
    INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
    WHERE e.DateTimeAdded >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, s.DateTimeAdded
    FROM OrderServiceRelation AS s
    INNER JOIN TreatmentPlans AS t ON t.ID = s.ID_TreatmentPlans
    INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
    WHERE s.DateTimeAdded >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
    UNION ALL
    SELECT r.ID, o.DateTimeBillFormed
    FROM Orders AS o INNER JOIN Receptions AS r ON r.ID_Patients = o.ID_Patients
    WHERE o.DateTimeBillFormed >= CAST(@since AS DATETIME) AND r.PlanStart >= CAST(@visits_since AS DATETIME)
) AS c
GROUP BY c.reception_id
HAVING MAX(c.changed_at) > CAST(@since AS DATETIME)
    OR (MAX(c.changed_at) = CAST(@since AS DATETIME) AND c.reception_id > @since_id)
ORDER BY MAX(c.changed_at), c.reception_id
