-- Отвечает: чем заняты планы лечения, связанные с приёмами @ids (постановление 21).
-- Столбцы: reception_id, plan_id, line_id, done, paid (1 или 0).
-- Связаны планы, на которые ссылаются строки заказов приёма; ссылок нет — действующие планы пациента.
-- Выполнено — есть строка заказа с этой строкой плана и без возврата. Оплачено — по её заказу выставлен
-- счёт: так Ident отмечает оплату в известных базах, честнее был бы журнал платежей (docs/ident.md).
SELECT
    r.ID AS reception_id,
    t.ID AS plan_id,
    e.ID AS line_id,
    CASE WHEN EXISTS (
        SELECT 1 FROM OrderServiceRelation AS d
        WHERE d.ID_TreatmentPlanElementRelations = e.ID AND d.ID_Returns IS NULL
    ) THEN 1 ELSE 0 END AS done,
    CASE WHEN EXISTS (
        SELECT 1 FROM OrderServiceRelation AS d INNER JOIN Orders AS b ON b.ID = d.ID_Orders
        WHERE d.ID_TreatmentPlanElementRelations = e.ID AND d.ID_Returns IS NULL
            AND b.DateTimeBillFormed IS NOT NULL
    ) THEN 1 ELSE 0 END AS paid
FROM Receptions AS r
INNER JOIN TreatmentPlans AS t ON t.ID_Patients = r.ID_Patients AND t.IsActive = 1
INNER JOIN TreatmentPlanElementRelations AS e ON e.ID_TreatmentPlans = t.ID
WHERE r.ID IN (@ids)
    AND (
        EXISTS (
            SELECT 1 FROM Orders AS o INNER JOIN OrderServiceRelation AS s ON s.ID_Orders = o.ID
            WHERE o.ID_Receptions = r.ID AND s.ID_TreatmentPlans = t.ID
        )
        OR NOT EXISTS (
            SELECT 1 FROM Orders AS o INNER JOIN OrderServiceRelation AS s ON s.ID_Orders = o.ID
            WHERE o.ID_Receptions = r.ID AND s.ID_TreatmentPlans IS NOT NULL
        )
    )
ORDER BY r.ID, t.ID, e.ID
