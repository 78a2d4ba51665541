"""Осмотр базы Ident: версия, права логина, столбцы запросов, индексы, имена филиалов, отметки времени."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from services.domain.errors import DatabaseError
from services.domain.texts import folded, line
from services.ident.contract import NOTHING
from services.ident.rows import number, required
from services.ident.source import IdentSource, iso, open_source
from services.ident.statements import SQL_DIR

if TYPE_CHECKING:
    from config.models import MssqlDatabase, SqliteDatabase

#: Доли секунды, какие хранит DATETIME: потерянные или округлённые сдвинули бы точку выборки.
FRACTIONS = (3000, 997000)
RIGHTS = {
    "can_insert": "добавлять строки",
    "can_update": "менять строки",
    "can_delete": "удалять строки",
    "can_alter": "менять таблицы",
    "tables": "писать в отдельные таблицы",
    "is_admin": "управлять всем сервером (sysadmin)",
}
MILLISECOND = timedelta(milliseconds=1)
SQLITE_INDEXES = """
SELECT m.tbl_name AS table_name, i.name AS column_name
FROM sqlite_master AS m INNER JOIN pragma_index_info(m.name) AS i
WHERE m.type = 'index' AND i.seqno = 0
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """Приёмы с отметками состояния и сколько из них DateTimeChanged не заметил."""

    marked: int
    unmoved: int


@dataclass(frozen=True, slots=True)
class Powers:
    """Что логин может сверх чтения и о чём сервер не ответил."""

    excess: Sequence[str] = ()
    unknown: Sequence[str] = ()


class Inspection:
    """Осмотр одной базы; сбой связи или запроса — DatabaseError."""

    def __init__(self, source: IdentSource, is_sqlite: bool, sql_dir: Path | None) -> None:
        self._source, self._is_sqlite, self._sql_dir = source, is_sqlite, sql_dir

    def now(self) -> datetime:
        return self._source.now()

    def version(self) -> str:
        if self._is_sqlite:
            (row,) = self._source.ask_text("SELECT sqlite_version() AS version")
            return f"SQLite {row['version']}"
        (row,) = self._source.ask("doctor/server_version")
        return f"SQL Server {row['version']} {row['edition'] or ''}".strip()

    def powers(self) -> Powers:
        if self._is_sqlite:
            return Powers()  # файл открыт с mode=ro
        (row,) = self._source.ask("doctor/login_rights")
        excess = [told for name, told in RIGHTS.items() if row[name]]
        return Powers(excess, [told for name, told in RIGHTS.items() if row[name] is None])

    def lost_fractions(self) -> list[str]:
        """Возвращает времена, чьи доли потерялись по дороге к серверу; пусто — всё дошло или это файл."""
        if self._is_sqlite:
            return []
        day = datetime(2024, 12, 30, 10, 0, 0)
        sent = [day.replace(microsecond=fraction) for fraction in FRACTIONS]
        return [iso(moment) for moment in sent if abs(self._returned(moment) - moment) >= MILLISECOND]

    def _returned(self, moment: datetime) -> datetime:
        (row,) = self._source.ask("doctor/moment", moment=moment)
        return required(row, "moment")

    def columns(self, name: str) -> set[str]:
        """Возвращает столбцы, которые даёт запрос из файла; строк он не читает."""
        return set(self._source.columns(name, NOTHING))

    def overridden(self) -> list[str]:
        """Возвращает файлы запросов, заменённые установщиком."""
        if self._sql_dir is None:
            return []
        own = {path.stem for path in SQL_DIR.glob("*.sql")}
        return sorted(path.stem for path in self._sql_dir.glob("*.sql") if path.stem in own)

    def indexed(self) -> set[tuple[str, str]]:
        """Возвращает столбцы, с которых начинаются индексы."""
        rows = (
            self._source.ask_text(SQLITE_INDEXES)
            if self._is_sqlite
            else self._source.ask("doctor/index_columns")
        )
        return {(str(row["table_name"]), str(row["column_name"])) for row in rows}

    def companies(self) -> list[str]:
        """Возвращает имена организаций (филиалов) в Ident."""
        names = [row["company_name"] for row in self._source.ask("doctor/own_companies")]
        return [name for name in (line(str(name or "")) for name in names) if name]

    def marks(self, since: datetime) -> Marks:
        """Возвращает, двигается ли DateTimeChanged от отметок состояния."""
        (row,) = self._source.ask("doctor/status_marks", since=since)
        return Marks(number(row, "marked"), number(row, "unmoved"))

    def close(self) -> None:
        self._source.close()


def open_inspection(settings: "MssqlDatabase | SqliteDatabase", sql_dir: Path | None = None) -> Inspection:
    """Собирает осмотр базы; нет драйвера ODBC — DatabaseError при первом запросе."""
    return Inspection(open_source(settings, sql_dir), settings.type == "sqlite", sql_dir)


def unknown_names(companies: Sequence[str], known: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Сверяет имена: организации Ident, которых не знает ни один филиал, и филиалы, которых нет в Ident."""
    called = [{folded(name) for name in names} for names in known]
    strangers = [name for name in companies if not any(folded(name) in names for names in called)]
    present = {folded(name) for name in companies}
    absent = [names[0] for names, own in zip(known, called, strict=True) if not own & present]
    return strangers, absent


__all__ = ["DatabaseError", "Inspection", "Marks", "open_inspection", "unknown_names"]
