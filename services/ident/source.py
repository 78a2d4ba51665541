"""Чтение базы Ident по договору ReceptionSource."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from services.domain.cursor import ChangePage, ChangePoint
from services.domain.errors import DatabaseError
from services.domain.reception import Reception
from services.ident.connection import RESTS, HeldConnection, Rest
from services.ident.rows import (
    Unreadable,
    number,
    parse_order_lines,
    parse_plan_lines,
    parse_receptions,
    required,
)
from services.ident.statements import Statement, parse_statement, read_sql

if TYPE_CHECKING:
    from config.models import MssqlDatabase, SqliteDatabase

#: Правка карты или плана заново судит приёмы, назначенные не раньше стольких дней до изменения.
VISITS_BACK = timedelta(days=30)
SECOND = timedelta(seconds=1)


def iso(moment: datetime) -> str:
    """Возвращает время текстом ISO: его переводит сам сервер, а не драйвер, который вправе потерять доли."""
    # pyodbc обрезает доли секунды по точности типа, какую назвал драйвер: src/params.cpp, GetDateTimeInfo.
    return moment.isoformat("T", "milliseconds")


def after(point: ChangePoint) -> dict[str, object]:
    """Возвращает переменные запроса об изменениях после точки.

    ``stamp`` — время точки текстом до микросекунды, ``floor`` — целая секунда до неё; ``since`` — она же до
    миллисекунды, для запросов установщика, написанных до ``stamp``.
    """
    floor = max(point.at, datetime.min + SECOND) - SECOND
    return {
        "since": point.at,
        "floor": floor.replace(microsecond=0),
        "stamp": point.at.isoformat(" ", "microseconds"),
        "since_id": point.reception_id,
    }


def page_after(
    point: ChangePoint, rows: Sequence[Mapping[str, object]], key: str, now: Callable[[], datetime]
) -> ChangePage:
    """Собирает страницу изменений; не ушедшая дальше точки повторялась бы вечно — DatabaseError."""
    points = [ChangePoint(required(row, "changed_at"), number(row, key)) for row in rows]
    if points and max(points) <= point:
        raise DatabaseError(
            "База Ident: страница изменений повторяется, чтение не движется; проверьте точность времени "
            "в своих запросах sql_dir (docs/ident.md)"
        )
    return ChangePage(points, required(rows[0], "database_now") if rows else now())


class IdentSource:
    """Одна база Ident; сбой связи или запроса — DatabaseError."""

    def __init__(
        self,
        connection: HeldConnection,
        read: Callable[[str], str] = read_sql,
        to_parameter: Callable[[datetime], object] = iso,
    ) -> None:
        self._connection, self._read, self._to_parameter = connection, read, to_parameter
        self._statements: dict[str, Statement] = {}

    def changed_after(self, point: ChangePoint) -> ChangePage:
        rows = self.ask("changed_receptions", **after(point), visits_since=point.at - VISITS_BACK)
        return page_after(point, rows, "reception_id", self.now)

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов с началом в [since, until), больших after_id."""
        rows = self.ask("planned_receptions", since=since, until=until, after_id=after_id)
        return [number(row, "reception_id") for row in rows]

    def planned_total(self, since: datetime, until: datetime) -> int:
        return number(self.ask("planned_total", since=since, until=until)[0], "total")

    def read(self, reception_ids: Sequence[int]) -> Sequence[Reception]:
        """Возвращает приёмы со строками заказов и планов; отсутствующие пропущены."""
        ids = list(dict.fromkeys(reception_ids))
        if not ids:
            return ()
        try:
            return self._read_page(ids)
        except Unreadable:
            if len(ids) == 1:
                return (Reception(ids[0], patient_id=0, flaw="приём"),)
        # Не читается одна строка: она не должна задержать остальных.
        return [reception for reception_id in ids for reception in self.read([reception_id])]

    def _read_page(self, ids: list[int]) -> Sequence[Reception]:
        lines = parse_order_lines(self.ask("order_lines", ids=ids))
        plans = parse_plan_lines(self.ask("plan_lines", ids=ids))
        return parse_receptions(self.ask("receptions", ids=ids), lines, plans)

    def existing(self, reception_ids: Sequence[int]) -> Collection[int]:
        """Возвращает, какие из приёмов (до 50 номеров) ещё есть в базе."""
        rows = self.ask("existing", ids=list(reception_ids)) if reception_ids else []
        return {number(row, "reception_id") for row in rows}

    def by_card(self, card_number: str) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов пациента с такой картой, поздние первыми."""
        return [
            number(row, "reception_id") for row in self.ask("receptions_by_card", card_number=card_number)
        ]

    def now(self) -> datetime:
        return required(self.ask("server_time")[0], "database_now")

    def close(self) -> None:
        self._connection.close()

    def retire(self) -> None:
        self._connection.retire()

    def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
        """Выполняет запрос из файла ``name`` и возвращает его строки."""
        return self._ask(name, values, urgent=False)

    @property
    def ahead(self) -> "Ahead":
        """Те же запросы вне очереди: их ответа ждёт человек."""
        return Ahead(self._ask)

    def ask_text(self, sql: str) -> list[Mapping[str, object]]:
        """Выполняет запрос без переменных, записанный на языке самой базы."""
        return self._connection.rows(sql, ())

    def columns(self, name: str, values: Mapping[str, object]) -> Sequence[str]:
        """Возвращает имена столбцов, которые даёт запрос из файла ``name``; неназванные переменные — ноль."""
        statement = self._statement(name)
        given = {variable: values.get(variable, 0) for variable in statement.names}
        return self._connection.columns(statement.text, statement.bind(self._ready(given)))

    def _ask(self, name: str, values: Mapping[str, object], urgent: bool) -> list[Mapping[str, object]]:
        statement = self._statement(name)
        return self._connection.rows(statement.text, statement.bind(self._ready(values)), urgent)

    def _statement(self, name: str) -> Statement:
        if name not in self._statements:
            self._statements[name] = parse_statement(self._read(name))
        return self._statements[name]

    def _ready(self, values: Mapping[str, object]) -> dict[str, object]:
        return {key: self._adapted(value) for key, value in values.items()}

    def _adapted(self, value: object) -> object:
        return self._to_parameter(value) if isinstance(value, datetime) else value


class Ahead:
    """Запросы, которые не стоят в очереди за обменом."""

    def __init__(self, ask: Callable[..., list[Mapping[str, object]]]) -> None:
        self._ask = ask

    def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
        return self._ask(name, values, urgent=True)


def open_source(
    settings: "MssqlDatabase | SqliteDatabase", sql_dir: Path | None = None, rests: Sequence[float] = RESTS
) -> IdentSource:
    """Собирает чтение базы по настройкам; соединение откроется при первом запросе."""
    if settings.type == "sqlite":
        from services.ident.sqlite import SqliteConnector

        connector = SqliteConnector(settings.path, settings.query_timeout)
        return sqlite_source(connector, sql_dir, Rest(rests), ready=settings.dialect == "sqlite")
    from services.ident.mssql import MssqlConnector

    held = HeldConnection(MssqlConnector(settings), Rest(rests))
    return IdentSource(held, lambda name: read_sql(name, sql_dir))


def sqlite_source(
    connector: object, sql_dir: Path | None = None, rest: Rest | None = None, *, ready: bool = False
) -> IdentSource:
    """Собирает чтение файла SQLite; ``ready`` — запросы в sql_dir уже на его языке."""
    from services.ident.sqlite import SqliteConnector, to_sqlite

    assert isinstance(connector, SqliteConnector)
    return IdentSource(
        HeldConnection(connector, rest),
        lambda name: read_sql(name, sql_dir) if ready else to_sqlite(read_sql(name, sql_dir)),
        lambda value: value.isoformat(" "),
    )
