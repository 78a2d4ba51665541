-- Отвечает: из чего состоят планы @ids (до 50): этапы по порядку, элементы, услуги, зубы, деньги, исполнение.
-- Столбцы: plan_id, line_id, stage, stage_order, element, service, price, teeth_bits, discount, done, paid.
-- Услуга может стоять в этапе без элемента, строка — без этапа и без цены: соединения внешние.
-- Цена — названная в строке, если она действовала на день фиксации цен плана (не зафиксированы — сегодня);
-- иначе новейшая действовавшая в тот день у той же услуги и группы цен; нет и её — названная (постановление 31).
-- Выполнено и оплачено — как в plan_lines.sql.
SELECT
    e.ID_TreatmentPlans AS plan_id,
    e.ID AS line_id,
    g.Name AS stage,
    g.[Order] AS stage_order,
    m.Name AS element,
    i.Name AS service,
    COALESCE(CASE
        WHEN (p.DateTimeFrom IS NULL OR p.DateTimeFrom <= COALESCE(t.DateTimePriceFix, GETDATE()))
            AND (p.DateTimeTo IS NULL OR p.DateTimeTo > COALESCE(t.DateTimePriceFix, GETDATE()))
        THEN p.Price
    END, (
        SELECT TOP (1) v.Price
        FROM ServiceItemPrices AS v
        WHERE v.ID_ServiceItems = p.ID_ServiceItems
            AND COALESCE(v.ID_ServicePriceGroups, 0) = COALESCE(p.ID_ServicePriceGroups, 0)
            AND (v.DateTimeFrom IS NULL OR v.DateTimeFrom <= COALESCE(t.DateTimePriceFix, GETDATE()))
            AND (v.DateTimeTo IS NULL OR v.DateTimeTo > COALESCE(t.DateTimePriceFix, GETDATE()))
        ORDER BY CASE WHEN v.DateTimeFrom IS NULL THEN 0 ELSE 1 END DESC, v.DateTimeFrom DESC, v.ID DESC
    ), p.Price) AS price,
    e.TeethLong AS teeth_bits,
    COALESCE(e.DiscountSum, 0) AS discount,
    CASE WHEN EXISTS (
        SELECT 1 FROM OrderServiceRelation AS d
        WHERE d.ID_TreatmentPlanElementRelations = e.ID AND d.ID_Returns IS NULL
    ) THEN 1 ELSE 0 END AS done,
    CASE WHEN EXISTS (
        SELECT 1 FROM OrderServiceRelation AS d INNER JOIN Orders AS b ON b.ID = d.ID_Orders
        WHERE d.ID_TreatmentPlanElementRelations = e.ID AND d.ID_Returns IS NULL
            AND b.DateTimeBillFormed IS NOT NULL
    ) THEN 1 ELSE 0 END AS paid
FROM TreatmentPlanElementRelations AS e
INNER JOIN TreatmentPlans AS t ON t.ID = e.ID_TreatmentPlans
LEFT JOIN TreatmentPlanStages AS g ON g.ID = e.ID_TreatmentPlanStages
LEFT JOIN TreatmentPlanElements AS m ON m.ID = e.ID_TreatmentPlanElements
LEFT JOIN ServiceItemPrices AS p ON p.ID = e.ID_ServicePrices
LEFT JOIN ServiceItems AS i ON i.ID = p.ID_ServiceItems
WHERE e.ID_TreatmentPlans IN (@ids)
ORDER BY
    e.ID_TreatmentPlans,
    CASE WHEN g.ID IS NULL THEN 1 ELSE 0 END,
    CASE WHEN g.[Order] IS NULL THEN 1 ELSE 0 END,
    g.[Order], g.ID, e.ID
