"""SQLite той же схемы: демонстрация и проверки. Запросы — те же файлы T-SQL, переложенные sqlglot."""

import re
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.domain.errors import DatabaseError

NOW_FUNCTION = "ident_now"
STAMP_FUNCTION = "ident_stamp"
STAMP = "%Y-%m-%d %H:%M:%S"
#: Часы демонстрационной клиники идут по Москве, как у заказчика.
CLINIC_OFFSET = timedelta(hours=3)
#: sqlglot заносит диалект в свой список прежде, чем даст ему разбор (_Dialect.__new__): второй поток,
#: успевший между, перевёл бы запрос ничьим диалектом — и база молчала бы до перезапуска.
_one_at_a_time = threading.Lock()


@cache
def to_sqlite(sql: str) -> str:
    """Перекладывает T-SQL в SQLite: времена — тексты ISO, часы сервера — наша функция."""
    with _one_at_a_time:
        return _translated(sql)


def _translated(sql: str) -> str:
    from sqlglot import exp, parse_one

    def adapt(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Convert):
            return exp.Anonymous(this=STAMP_FUNCTION, expressions=[node.expression.this])
        if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATETIME:
            inner: exp.Expression = node.this
            return inner
        if isinstance(node, exp.CurrentTimestamp):
            return exp.Anonymous(this=NOW_FUNCTION)
        return node

    return parse_one(sql, read="tsql").transform(adapt).sql(dialect="sqlite", comments=False)


def stamp(value: str | None) -> str | None:
    """Возвращает время до микросекунд, как CONVERT(NVARCHAR(26), …, 121); не время — как есть."""
    try:
        return datetime.fromisoformat(value).isoformat(" ", "microseconds") if value else None
    except ValueError:
        return value


def prepare(connection: sqlite3.Connection, now: Callable[[], datetime]) -> None:
    """Даёт соединению функции, на которые переложены выражения SQL Server, и чтение повреждённых текстов."""
    connection.create_function(NOW_FUNCTION, 0, lambda: now().strftime(STAMP))
    connection.create_function(STAMP_FUNCTION, 1, stamp, deterministic=True)
    connection.text_factory = lambda raw: raw.decode(errors="ignore")


def clinic_now() -> datetime:
    return (datetime.now(UTC) + CLINIC_OFFSET).replace(tzinfo=None, microsecond=0)


#: Чего не хватает базе: имена столбцов и таблиц — не данные людей, их можно назвать.
ABSENT = re.compile(r"no such (column|table): ([\w.]+)")
KINDS = {"column": "столбца", "table": "таблицы"}


class SqliteConnector:
    """Открывает файл SQLite только на чтение."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path, timeout: float, now: Callable[[], datetime] = clinic_now) -> None:
        self._path, self._timeout, self._now = path, timeout, now

    def open(self) -> Any:
        """Открывает соединение; запись через него невозможна."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        # Соединением пользуются разные потоки, но по очереди: их держит замок HeldConnection.
        connection = sqlite3.connect(
            uri, uri=True, timeout=self._timeout, check_same_thread=False, isolation_level=None
        )
        prepare(connection, self._now)
        return connection

    def patience(self, opening: bool) -> float:
        """Возвращает срок ожидания занятого файла с запасом."""
        return self._timeout + 1.0

    def explain(self, error: Exception) -> DatabaseError:
        absent = ABSENT.search(str(error))
        reason = f"нет {KINDS[absent[1]]} {absent[2]}" if absent else "файл недоступен или занят"
        return DatabaseError(f"База Ident (файл {self._path.name}): {reason}")

    def is_lost(self, error: Exception) -> bool:
        """Отвечает, порвалось ли соединение: с файлом такого не бывает."""
        return False

    def is_outage(self, error: Exception) -> bool:
        return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR"))

    def is_collision(self, error: Exception) -> bool:
        return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
