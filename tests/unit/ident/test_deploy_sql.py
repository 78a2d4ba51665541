"""SQL для администратора базы: права ровно на читаемые таблицы, индексы под каждую ветвь выборки."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import pytest
from sqlglot import exp, parse_one

from services.ident.sqlite import prepare, to_sqlite
from services.ident.statements import SQL_DIR, read_sql

ROOT = SQL_DIR.parents[1]
READER = (ROOT / "deploy" / "sql" / "ident_reader.sql").read_text(encoding="utf-8")
INDEXES = (ROOT / "deploy" / "sql" / "indexes.sql").read_text(encoding="utf-8")
SCHEMA = (ROOT / "demo" / "clinic" / "schema.sql").read_text(encoding="utf-8")

GRANT = re.compile(r"^GRANT (\w+) ON \[dbo\]\.\[(\w+)\] TO \[ident_reader\];$", re.MULTILINE)
INDEX = re.compile(
    r"WHERE name = N'(\w+)'\)\n    CREATE NONCLUSTERED INDEX \[(\w+)\] ON \[dbo\]\.\[(\w+)\] \(([^)]+)\);"
)
QUERIES = sorted(path.stem for path in SQL_DIR.glob("*.sql"))
#: Ищут по номерам из постоянного списка или не читают таблиц: отметок изменений не касаются.
CURSOR_QUERIES = ("changed_receptions", "planned_receptions", "receptions", "order_lines", "plan_lines")


def tables_read() -> set[str]:
    """Возвращает таблицы, которые читают запросы."""
    trees = [parse_one(read_sql(name), read="tsql") for name in QUERIES]
    return {table.name for tree in trees for table in tree.find_all(exp.Table)}


def statements(text: str) -> str:
    """Возвращает текст без примечаний."""
    return re.sub(r"--[^\n]*", "", text)


def test_reader_is_granted_exactly_the_tables_the_queries_read() -> None:
    granted = Counter(table for _, table in GRANT.findall(READER))
    assert granted == Counter(tables_read())


def test_reader_is_granted_nothing_but_select() -> None:
    assert {permission for permission, _ in GRANT.findall(READER)} == {"SELECT"}
    assert statements(READER).count("GRANT") == len(GRANT.findall(READER))
    assert not re.search(r"sp_addrolemember|ALTER ROLE|db_owner|CONTROL|EXECUTE", statements(READER))


def test_no_password_is_committed() -> None:
    assert re.findall(r"PASSWORD = N'([^']*)'", READER) == ["ВПИШИТЕ_ПАРОЛЬ"]


def test_every_index_is_created_once_and_only_if_absent() -> None:
    found = INDEX.findall(INDEXES)
    assert len(found) == statements(INDEXES).count("CREATE")
    assert [guard for guard, *_ in found] == [name for _, name, *_ in found]
    assert max(Counter(name for _, name, *_ in found).values()) == 1


def test_indexes_have_no_condition_and_need_no_special_edition() -> None:
    created = [line for line in INDEXES.splitlines() if "CREATE" in line]
    assert not [line for line in created if "WHERE" in line or "ONLINE" in line]


@pytest.fixture(scope="module")
def indexed() -> Iterator[sqlite3.Connection]:
    """База той же схемы, в которой из указателей только рекомендованные."""
    with bare_database() as connection:
        for _, name, table, columns in INDEX.findall(INDEXES):
            connection.execute(f"CREATE INDEX {name} ON {table} ({columns})")
        yield connection


@contextmanager
def bare_database() -> Iterator[sqlite3.Connection]:
    """База той же схемы без указателей."""
    with closing(sqlite3.connect(":memory:")) as connection:
        prepare(connection, datetime.now)
        connection.executescript(re.sub(r"CREATE INDEX [^;]+;", "", SCHEMA))
        yield connection


@pytest.mark.parametrize("name", CURSOR_QUERIES)
def test_with_the_indexes_no_table_is_scanned(indexed: sqlite3.Connection, name: str) -> None:
    sql = re.sub(r"@\w+", "1", to_sqlite(read_sql(name)))
    plan = [str(row[3]) for row in indexed.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN") and not _is_own_result(step)]


def test_without_the_indexes_tables_would_be_scanned() -> None:
    sql = re.sub(r"@\w+", "1", to_sqlite(read_sql("changed_receptions")))
    with bare_database() as bare:
        plan = [str(row[3]) for row in bare.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [step for step in plan if step.startswith("SCAN r")]


def _is_own_result(step: str) -> bool:
    """Отвечает, просматривается ли собственная выборка запроса, а не таблица."""
    return step in ("SCAN c", "SCAN x", "SCAN (subquery-0)") or step.startswith("SCAN CONSTANT")


def test_documents_of_the_folder_name_both_files() -> None:
    text = (ROOT / "docs" / "ident.md").read_text(encoding="utf-8")
    assert all(path.name in text for path in (ROOT / "deploy" / "sql").glob("*.sql"))
