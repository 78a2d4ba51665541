-- Отвечает: сколько времени на часах сервера базы. Столбцы: database_now.
SELECT GETDATE() AS database_now
