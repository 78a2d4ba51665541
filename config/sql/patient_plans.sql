-- Отвечает: какие действующие планы лечения есть у пациентов @ids (до 50), новые первыми.
-- Столбцы: patient_id, plan_id, plan_name, created_at, price_fixed_at, doctor_surname, doctor_name, doctor_patronymic.
SELECT
    t.ID_Patients AS patient_id,
    t.ID AS plan_id,
    t.Name AS plan_name,
    COALESCE(t.DateTimeCreated, t.DateTimeAdded) AS created_at,
    t.DateTimePriceFix AS price_fixed_at,
    d.Surname AS doctor_surname,
    d.Name AS doctor_name,
    d.Patronymic AS doctor_patronymic
FROM TreatmentPlans AS t
LEFT JOIN Persons AS d ON d.ID = COALESCE(t.ID_Staffs, t.ID_StaffsCreated)
WHERE t.ID_Patients IN (@ids) AND t.IsActive = 1
ORDER BY COALESCE(t.DateTimeCreated, t.DateTimeAdded) DESC, t.ID DESC
