-- Отвечает: кто пациент приёма @reception_id (постановление 16: ключ приёма называет его точно).
-- Столбцы: patient_id, card_number, surname, name, patronymic, phone.
SELECT
    p.ID_Persons AS patient_id,
    p.CardNumber AS card_number,
    n.Surname AS surname,
    n.Name AS name,
    n.Patronymic AS patronymic,
    COALESCE(NULLIF(CAST(n.MobilePhone AS NVARCHAR(64)), ''), CAST(n.Phone AS NVARCHAR(64))) AS phone
FROM Receptions AS r
INNER JOIN Patients AS p ON p.ID_Persons = r.ID_Patients
INNER JOIN Persons AS n ON n.ID = p.ID_Persons
WHERE r.ID = @reception_id
