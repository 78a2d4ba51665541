-- Отвечает: сколько приёмов назначено на [@since, @until). Столбцы: total.
SELECT COUNT(*) AS total
FROM Receptions AS r
WHERE r.PlanStart >= CAST(@since AS DATETIME) AND r.PlanStart < CAST(@until AS DATETIME)
