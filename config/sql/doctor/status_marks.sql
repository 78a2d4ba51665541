-- Отвечает: двигается ли DateTimeChanged, когда меняется состояние приёма, у приёмов с началом от @since.
-- Столбцы: marked (приёмов с отметками), unmoved (из них с отметкой позже DateTimeChanged).
SELECT
    COUNT(*) AS marked,
    COUNT(
        CASE WHEN r.DateTimeChanged IS NULL
            OR r.DateTimeChanged < r.PatientAppeared OR r.DateTimeChanged < r.ReceptionStarted
            OR r.DateTimeChanged < r.ReceptionEnded OR r.DateTimeChanged < r.CheckIssued
            OR r.DateTimeChanged < r.ReceptionCanceled
        THEN 1 END
    ) AS unmoved
FROM Receptions AS r
WHERE r.PlanStart >= CAST(@since AS DATETIME)
    AND COALESCE(r.PatientAppeared, r.ReceptionStarted, r.ReceptionEnded, r.CheckIssued, r.ReceptionCanceled)
        IS NOT NULL
