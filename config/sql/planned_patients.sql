-- Отвечает: у каких пациентов с действующими планами есть приёмы с началом в [@since, @until), не больше 50.
-- Столбцы: patient_id. Следующая страница — после номера @after_id.
SELECT DISTINCT TOP (50)
    t.ID_Patients AS patient_id
FROM TreatmentPlans AS t
INNER JOIN Receptions AS r ON r.ID_Patients = t.ID_Patients
WHERE t.IsActive = 1 AND t.ID_Patients > @after_id
    AND r.PlanStart >= CAST(@since AS DATETIME) AND r.PlanStart < CAST(@until AS DATETIME)
ORDER BY t.ID_Patients
