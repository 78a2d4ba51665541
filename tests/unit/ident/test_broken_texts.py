"""Тексты, которые драйвер не может разобрать: по ТЗ запись пропускают, а не останавливают филиал."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from config.models import MssqlDatabase
from services.ident.source import IdentSource, open_source
from tests.fakes_ident import SmallIdent
from tests.support.odbc import DATABASES, FOLDER

#: Фамилия, обрезанная посреди картинки: LEFT и SUBSTRING режут NVARCHAR по половинам суррогатных пар.
CUT = "Лунёва \ud83e".encode("utf-8", "surrogatepass")


def load_driver() -> ModuleType:
    """Загружает поддельный pyodbc, разбирающий тексты как настоящий."""
    spec = spec_from_file_location("pyodbc", FOLDER / "pyodbc.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def driver(ident: SmallIdent, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Даёт поддельный драйвер над базой проверки."""
    monkeypatch.setenv("FAKE_ODBC_DB", str(ident.path))
    module = load_driver()
    monkeypatch.setitem(__import__("sys").modules, "pyodbc", module)
    return module


@pytest.fixture
def server(driver: ModuleType) -> Iterator[IdentSource]:
    """Даёт чтение через pyodbc."""
    source = open_source(MssqlDatabase.model_validate(DATABASES[0]))
    yield source
    source.close()


def break_text(path: Path, table: str, column: str, key: str) -> None:
    """Портит текст столбца первой строки."""
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE {key} = 1", (CUT,))
        base.commit()


def test_the_fake_driver_breaks_like_the_real_one(ident: SmallIdent, driver: ModuleType) -> None:
    """Без преобразователя настоящий pyodbc поднимает UnicodeDecodeError, и это не pyodbc.Error."""
    break_text(ident.path, "Persons", "Surname", "ID")
    connection = driver.connect("", timeout=1, autocommit=False, readonly=True)
    cursor = connection.cursor()
    cursor.execute("SELECT Surname FROM Persons", ())
    with pytest.raises(UnicodeDecodeError, match="utf-16-le"):
        cursor.fetchall()
    cursor.close()
    connection.close()


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [
        ("Persons", "Surname", "ID"),
        ("Persons", "MobilePhone", "ID"),
        ("Patients", "CardNumber", "ID_Persons"),
        ("Receptions", "Comment", "ID"),
        ("Receptions", "CancelReasonComment", "ID"),
        ("Armchairs", "NameArmchair", "ID"),
        ("OwnCompanies", "Name", "ID"),
        ("ProfessionNames", "NameProfession", "ID"),
    ],
)
def test_half_a_sign_in_any_text_loses_no_reception(
    ident: SmallIdent, server: IdentSource, table: str, column: str, key: str
) -> None:
    ident.reception()
    ident.reception()
    break_text(ident.path, table, column, key)
    assert [(found.reception_id, found.flaw) for found in server.read([1, 2])] == [(1, ""), (2, "")]


def test_half_a_sign_is_gone_and_the_rest_of_the_text_stays(ident: SmallIdent, server: IdentSource) -> None:
    ident.reception()
    break_text(ident.path, "Persons", "Surname", "ID")
    assert server.read([1])[0].surname == "Лунёва "


def test_sqlite_reads_broken_texts_too(ident: SmallIdent) -> None:
    ident.reception()
    break_text(ident.path, "Persons", "Surname", "ID")
    assert ident.read(1).surname == "Лунёва "
