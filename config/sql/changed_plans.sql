-- Отвечает: у каких пациентов изменились планы лечения после точки (@stamp, @since_id), не больше 50.
-- Столбцы: patient_id, changed_at (последнее изменение планов пациента), database_now.
-- Изменением считается сам план, его строки, строки заказов по нему (выполнено, возвращено) и счета (оплачено).
-- Ветви ищут от @floor, с точкой время сравнивается текстом до микросекунды, как в changed_receptions.sql.
SELECT TOP (50)
    c.patient_id AS patient_id,
    c.changed_at AS changed_at,
    GETDATE() AS database_now
FROM (
    SELECT x.patient_id AS patient_id, CONVERT(NVARCHAR(26), CAST(MAX(x.changed_at) AS DATETIME2), 121) AS changed_at
    FROM (
        SELECT t.ID_Patients AS patient_id, t.DateTimeChanged AS changed_at
        FROM TreatmentPlans AS t WHERE t.DateTimeChanged >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, t.DateTimeAdded
        FROM TreatmentPlans AS t WHERE t.DateTimeAdded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, e.DateTimeChanged
        FROM TreatmentPlanElementRelations AS e INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
        WHERE e.DateTimeChanged >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, e.DateTimeAdded
        FROM TreatmentPlanElementRelations AS e INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
        WHERE e.DateTimeAdded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, s.DateTimeChanged
        FROM OrderServiceRelation AS s INNER JOIN TreatmentPlans AS t ON t.ID = s.ID_TreatmentPlans
        WHERE s.DateTimeChanged >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, s.DateTimeAdded
        FROM OrderServiceRelation AS s INNER JOIN TreatmentPlans AS t ON t.ID = s.ID_TreatmentPlans
        WHERE s.DateTimeAdded >= CAST(@floor AS DATETIME)
        UNION ALL
        SELECT t.ID_Patients, b.DateTimeBillFormed
        FROM Orders AS b
        INNER JOIN OrderServiceRelation AS s ON s.ID_Orders = b.ID
        INNER JOIN TreatmentPlans AS t ON t.ID = s.ID_TreatmentPlans
        WHERE b.DateTimeBillFormed >= CAST(@floor AS DATETIME)
    ) AS x
    WHERE x.patient_id IS NOT NULL
    GROUP BY x.patient_id
) AS c
WHERE c.changed_at > @stamp OR (c.changed_at = @stamp AND c.patient_id > @since_id)
ORDER BY c.changed_at, c.patient_id
