-- Отвечает: кто пациенты @ids (до 50).
-- Столбцы: patient_id, card_number, surname, name, patronymic, phone.
SELECT
    p.ID_Persons AS patient_id,
    p.CardNumber AS card_number,
    n.Surname AS surname,
    n.Name AS name,
    n.Patronymic AS patronymic,
    COALESCE(NULLIF(CAST(n.MobilePhone AS NVARCHAR(64)), ''), CAST(n.Phone AS NVARCHAR(64))) AS phone
FROM Patients AS p
INNER JOIN Persons AS n ON n.ID = p.ID_Persons
WHERE p.ID_Persons IN (@ids)
ORDER BY p.ID_Persons
