-- Отвечает: каким сервер понял время @moment. Столбцы: moment.
SELECT CONVERT(NVARCHAR(26), CAST(CAST(@moment AS DATETIME) AS DATETIME2), 121) AS moment
