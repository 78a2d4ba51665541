-- Отвечает: кто пациенты @ids (до 50).
-- Столбцы: patient_id, card_number, surname, name, patronymic.
SELECT
    p.ID_Persons AS patient_id,
    p.CardNumber AS card_number,
    n.Surname AS surname,
    n.Name AS name,
    n.Patronymic AS patronymic
FROM Patients AS p
INNER JOIN Persons AS n ON n.ID = p.ID_Persons
WHERE p.ID_Persons IN (@ids)
ORDER BY p.ID_Persons
