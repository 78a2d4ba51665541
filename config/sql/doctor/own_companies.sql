-- Отвечает: как в Ident называются организации (филиалы). Столбцы: company_id, company_name.
SELECT c.ID AS company_id, c.Name AS company_name
FROM OwnCompanies AS c
ORDER BY c.ID
