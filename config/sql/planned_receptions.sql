-- Отвечает: какие приёмы назначены на [@since, @until), с номерами больше @after_id, не больше 50.
-- Столбцы: reception_id.
SELECT TOP (50) r.ID AS reception_id
FROM Receptions AS r
WHERE r.PlanStart >= CAST(@since AS DATETIME) AND r.PlanStart < CAST(@until AS DATETIME)
    AND r.ID > @after_id
ORDER BY r.ID
