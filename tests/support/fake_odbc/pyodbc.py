"""Подделка pyodbc для настоящего исполнителя: SQL Server на SQLite, со счётом соединений и поломками.

Папку с этим модулем ставят в PYTHONPATH процесса; база — ``FAKE_ODBC_DB``, журнал соединений — рядом с ней.
``FAKE_ODBC_SQL`` — готовые переводы T-SQL: с ними sqlglot не грузится, и память — как в клинике.
Файл ``….gone`` — сервер остановлен, ``….victim`` — следующий запрос станет жертвой взаимной блокировки.

Тексты разбираются как настоящим pyodbc: UTF-16 строго (src/textenc.cpp, PyUnicode_DecodeUTF16 «strict»), пока
на столбцы NVARCHAR не поставлен преобразователь: он получает байты (src/getdata.cpp, GetDataUser).
"""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.ident.sqlite import clinic_now, prepare, to_sqlite

pooling = True
SQL_WCHAR, SQL_WVARCHAR, SQL_WLONGVARCHAR = -8, -9, -10
ISO = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")


class Error(Exception):
    """Ошибка драйвера: SQLSTATE и текст."""


def drivers() -> list[str]:
    """Возвращает установленные драйверы."""
    return ["ODBC Driver 17 for SQL Server"]


def connect(string: str, timeout: int, autocommit: bool, readonly: bool) -> "Connection":
    """Открывает соединение."""
    assert readonly
    assert not autocommit
    if _flag("gone").exists():
        raise Error("08001", "[08001] сервер не найден (53) (SQLDriverConnect)")
    return Connection()


class Connection:
    """Соединение; открытие и закрытие записаны в журнал."""

    timeout = 0

    def __init__(self) -> None:
        uri = f"{_base().absolute().as_uri()}?mode=ro"
        self._held = sqlite3.connect(uri, uri=True, timeout=30, check_same_thread=False)
        self._converters: dict[int, Callable[[bytes], str]] = {}
        prepare(self._held, clinic_now)
        self._held.text_factory = self._decoded
        self._open = True
        _count(+1)

    def execute(self, sql: str) -> None:
        """Принимает настройки соединения."""
        assert sql.startswith("SET ")

    def add_output_converter(self, kind: int, convert: Callable[[bytes], str]) -> None:
        """Ставит преобразователь столбцов вида ``kind``."""
        self._converters[kind] = convert

    def rollback(self) -> None:
        """Откатывает транзакцию: у читающего соединения откатывать нечего."""

    def _decoded(self, stored: bytes) -> str:
        raw = stored.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        convert = self._converters.get(SQL_WVARCHAR)
        return convert(raw) if convert is not None else raw.decode("utf-16-le")

    def cursor(self) -> "Cursor":
        """Возвращает курсор."""
        return Cursor(self._held.cursor())

    def close(self) -> None:
        """Закрывает соединение."""
        if self._open:
            self._open = False
            self._held.close()
            _count(-1)


class Cursor:
    """Курсор: T-SQL перекладывается в SQLite."""

    def __init__(self, inner: sqlite3.Cursor) -> None:
        self._inner = inner

    @property
    def description(self) -> Any:
        """Возвращает столбцы."""
        return self._inner.description

    def execute(self, sql: str, parameters: Sequence[object]) -> None:
        """Выполняет запрос."""
        if _flag("gone").exists():
            raise Error("08S01", "[08S01] соединение порвалось (10054) (SQLExecDirectW)")
        if _flag("victim").exists():
            _flag("victim").unlink(missing_ok=True)
            raise Error("40001", "[40001] жертва взаимной блокировки (1205) (SQLExecDirectW)")
        values = [_moment(value) if isinstance(value, str) else value for value in parameters]
        self._inner.execute(_translated(sql), values)

    def fetchall(self) -> list[Any]:
        """Возвращает строки."""
        return self._inner.fetchall()

    def close(self) -> None:
        """Закрывает курсор."""
        self._inner.close()


def _moment(text: str) -> str:
    """Переводит время ISO в вид, каким оно лежит в базе: на сервере это делает CAST(… AS DATETIME)."""
    return datetime.fromisoformat(text).isoformat(" ") if ISO.fullmatch(text) else text


@cache
def _translated(sql: str) -> str:
    ready = os.environ.get("FAKE_ODBC_SQL")
    known = json.loads(Path(ready).read_text(encoding="utf-8")) if ready else {}
    return str(known[sql]) if ready else to_sqlite(sql)


def _base() -> Path:
    return Path(os.environ["FAKE_ODBC_DB"])


def _flag(name: str) -> Path:
    return _base().with_suffix(f".{name}")


def _count(step: int) -> None:
    with _flag("connections").open("a", encoding="ascii") as file:
        file.write(f"{step:+d}\n")
