-- Отвечает: чьи фамилии похожи на искомую (по образцам LIKE); точное сравнение ФИО делает программа.
-- Столбцы: patient_id, card_number, surname, name, patronymic, phone.
-- Образцов три — с заглавной, прописными, строчными: регистр различают не все базы. Буквы «е» и «ё»
-- и знаки LIKE в образце заменены на «_», поэтому найдено может быть лишнее, но не меньше нужного.
SELECT TOP (500)
    p.ID_Persons AS patient_id,
    p.CardNumber AS card_number,
    n.Surname AS surname,
    n.Name AS name,
    n.Patronymic AS patronymic,
    COALESCE(NULLIF(CAST(n.MobilePhone AS NVARCHAR(64)), ''), CAST(n.Phone AS NVARCHAR(64))) AS phone
FROM Persons AS n
INNER JOIN Patients AS p ON p.ID_Persons = n.ID
WHERE n.Surname LIKE @titled OR n.Surname LIKE @upper OR n.Surname LIKE @lower
ORDER BY p.ID_Persons
