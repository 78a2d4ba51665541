-- Отвечает: что записано о приёмах @ids (до 50 номеров). Ровно одна строка на приём при любых соединениях.
-- Столбцы — поля приёма (services/ident/rows.py). Филиал заказа — по первому заказу с организацией;
-- специальность врача — врачебная (ID_Roles = 8) раньше прочих, затем по номеру: выбор не меняется сам.
SELECT
    r.ID AS reception_id,
    r.ID_Patients AS patient_id,
    p.CardNumber AS card_number,
    n.Surname AS surname,
    n.Name AS name,
    n.Patronymic AS patronymic,
    COALESCE(NULLIF(CAST(n.MobilePhone AS NVARCHAR(64)), ''), CAST(n.Phone AS NVARCHAR(64))) AS phone,
    d.Surname AS doctor_surname,
    d.Name AS doctor_name,
    d.Patronymic AS doctor_patronymic,
    (
        SELECT TOP (1) f.NameProfession
        FROM Items AS i INNER JOIN ProfessionNames AS f ON f.ID = i.ID_ProfessionNames
        WHERE i.ID_Staffs = r.ID_Staffs
        ORDER BY CASE WHEN f.ID_Roles = 8 THEN 0 ELSE 1 END, f.ID
    ) AS profession,
    a.NameArmchair AS armchair,
    (
        SELECT TOP (1) b.Name
        FROM Orders AS o INNER JOIN OwnCompanies AS b ON b.ID = o.ID_OwnCompanies
        WHERE o.ID_Receptions = r.ID
        ORDER BY o.ID
    ) AS order_branch,
    c.Name AS armchair_branch,
    r.PlanStart AS plan_start,
    r.PlanEnd AS plan_end,
    COALESCE(r.ReceptionAdded, r.DateTimeAdded) AS created_at,
    r.PatientAppeared AS appeared_at,
    r.ReceptionStarted AS started_at,
    r.ReceptionEnded AS ended_at,
    r.CheckIssued AS check_issued_at,
    r.ReceptionCanceled AS canceled_at,
    x.Name AS cancel_reason_name,
    r.CancelReasonComment AS cancel_reason_comment,
    r.Comment AS comment,
    s.Name AS source
FROM Receptions AS r
LEFT JOIN Patients AS p ON p.ID_Persons = r.ID_Patients
LEFT JOIN Persons AS n ON n.ID = r.ID_Patients
LEFT JOIN Persons AS d ON d.ID = r.ID_Staffs
LEFT JOIN Armchairs AS a ON a.ID = r.ID_Armchairs
LEFT JOIN OwnCompanies AS c ON c.ID = a.ID_OwnCompanies
LEFT JOIN ReceptionCancelReasons AS x ON x.ID = r.ID_ReceptionCancelReasons
LEFT JOIN AppointmentSources AS s ON s.ID = r.ID_AppointmentSources
WHERE r.ID IN (@ids)
ORDER BY r.ID
