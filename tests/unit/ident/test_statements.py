"""Запросы из файлов: переменные, списки, замена установщиком."""

from pathlib import Path

import pytest

from services.domain.errors import DatabaseError
from services.ident.statements import parse_statement, read_sql


def test_variables_become_question_marks_in_order() -> None:
    statement = parse_statement("SELECT 1 WHERE a >= @since AND (b = @since OR c > @since_id)")
    assert statement.text == "SELECT 1 WHERE a >= ? AND (b = ? OR c > ?)"
    assert statement.bind({"since": "s", "since_id": 7}) == ["s", "s", 7]


def test_a_list_always_takes_fifty_places_so_the_plan_is_reused() -> None:
    statement = parse_statement("SELECT 1 WHERE id IN (@ids)")
    assert statement.text.count("?") == 50
    assert statement.bind({"ids": [1, 2, 3]}) == [1, 2] + [3] * 48


@pytest.mark.parametrize("count", [0, 51])
def test_a_list_outside_the_page_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="от 1 до 50"):
        parse_statement("SELECT 1 WHERE id IN (@ids)").bind({"ids": list(range(count))})


@pytest.mark.parametrize("comment", ["-- кто такой @since?\n", "/* @since\n @ids */"])
def test_variables_in_comments_are_not_parameters(comment: str) -> None:
    assert parse_statement(f"{comment} SELECT @until").names == ["until"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM Receptions",
        "SELECT 1; DROP TABLE Receptions",
        "EXEC sp_who",
        "",
        "UPDATE Orders SET ID=1",
        "SELECT 1 DELETE FROM Receptions",
        "SELECT 1\nDELETE FROM Receptions",
        "SELECT 1 AS a UPDATE Orders SET ID = 1",
        "WITH a AS (SELECT 1 AS x) DELETE FROM a",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a INSERT INTO b SELECT 1",
        "SELECT * INTO Copy FROM Receptions",
        "SELECT 1 EXEC sp_who",
        "SELECT 1 execute('DROP TABLE Receptions')",
        "SELECT 1 SELECT 2",
        "SELECT (1) SELECT (2)",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a WHERE (1 = 1) SELECT 2",
        "SELECT 1 TRUNCATE TABLE Receptions",
        "SELECT * FROM OPENROWSET('SQLNCLI', 'Server=x;', 'DELETE FROM t')",
        "SELECT 1; SHUTDOWN",
        "SELECT 'кавычка не закрыта DELETE FROM Receptions",
        "SELECT 1 /* раз */ /**/ DROP TABLE Receptions",
        "SELECT 1 MERGE Orders AS o USING b ON 1 = 1 WHEN MATCHED THEN DELETE;",
        "(SELECT 1)",
    ],
)
def test_anything_but_one_select_is_refused(sql: str) -> None:
    with pytest.raises(DatabaseError, match="SELECT"):
        parse_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "WITH a AS (SELECT 1 AS x), b AS (SELECT 2 AS x) SELECT x FROM a UNION ALL SELECT x FROM b",
        "select 1;",
        "SELECT 'DELETE FROM t; -- и прочее', [UPDATE], \"INTO\" FROM [drop]]table] AS d",
        "SELECT N'Лист ''ожидания''' AS a",
        "SELECT (SELECT TOP (1) x FROM b) AS x FROM a WITH (NOLOCK) OPTION (MAXDOP 1)",
        "SELECT 1 UNION SELECT 2 EXCEPT SELECT 3",
        "SELECT updated, set_at, deleted_at FROM insertions",
        "SELECT @@VERSION AS version",
    ],
)
def test_one_select_is_accepted(sql: str) -> None:
    assert parse_statement(sql).text == sql


def test_signs_inside_a_string_are_neither_variables_nor_comments() -> None:
    statement = parse_statement("SELECT 'a@ids -- b' AS text WHERE c = @since -- @until")
    assert (statement.text, statement.names) == ("SELECT 'a@ids -- b' AS text WHERE c = ?", ["since"])


def test_a_stranger_variable_is_named() -> None:
    with pytest.raises(DatabaseError, match="@sinse"):
        parse_statement("SELECT @sinse").bind({"since": 1})


def test_an_installer_replaces_one_file_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "server_time.sql").write_text("SELECT SYSDATETIME() AS database_now", encoding="utf-8")
    assert read_sql("server_time", tmp_path) == "SELECT SYSDATETIME() AS database_now"
    assert read_sql("receptions", tmp_path) == read_sql("receptions")


def test_a_file_saved_by_notepad_works(tmp_path: Path) -> None:
    (tmp_path / "server_time.sql").write_text("SELECT 1 AS database_now", encoding="utf-8-sig")
    assert parse_statement(read_sql("server_time", tmp_path)).text == "SELECT 1 AS database_now"
