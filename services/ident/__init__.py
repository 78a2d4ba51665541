"""Чтение базы Ident: SQL Server и SQLite той же схемы."""
