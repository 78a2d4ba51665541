-- Отвечает: какие приёмы у пациента с картой @card_number (история записи на странице), до 50 поздних.
-- Столбцы: reception_id.
SELECT TOP (50) r.ID AS reception_id
FROM Receptions AS r
INNER JOIN Patients AS p ON p.ID_Persons = r.ID_Patients
WHERE p.CardNumber = @card_number
ORDER BY r.ID DESC
