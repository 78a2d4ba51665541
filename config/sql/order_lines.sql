-- Отвечает: какие услуги стоят в заказах приёмов @ids, по номеру заказа и строки (постановление 25).
-- Столбцы: reception_id, order_id, line_id, service, quantity, price, discount.
-- Строки без цены выпадают и из перечня, и из суммы (МАП 2.6.5).
SELECT
    o.ID_Receptions AS reception_id,
    o.ID AS order_id,
    s.ID AS line_id,
    i.Name AS service,
    s.CountService AS quantity,
    p.Price AS price,
    COALESCE(s.DiscountSum, 0) AS discount
FROM Orders AS o
INNER JOIN OrderServiceRelation AS s ON s.ID_Orders = o.ID
INNER JOIN ServiceItemPrices AS p ON p.ID = s.ID_ServicePrices
INNER JOIN ServiceItems AS i ON i.ID = p.ID_ServiceItems
WHERE o.ID_Receptions IN (@ids)
ORDER BY o.ID_Receptions, o.ID, s.ID
