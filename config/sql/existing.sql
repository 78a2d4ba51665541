-- Отвечает: какие из приёмов @ids (до 50 номеров) ещё есть в базе (постановление 32).
-- Столбцы: reception_id.
SELECT r.ID AS reception_id
FROM Receptions AS r
WHERE r.ID IN (@ids)
ORDER BY r.ID
