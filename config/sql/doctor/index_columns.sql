-- Отвечает: с каких столбцов начинаются индексы. Столбцы: table_name, column_name. Только SQL Server.
SELECT t.name AS table_name, c.name AS column_name
FROM sys.index_columns AS i
INNER JOIN sys.tables AS t ON t.object_id = i.object_id
INNER JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id
WHERE i.key_ordinal = 1
ORDER BY t.name, c.name
