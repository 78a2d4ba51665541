"""Строки базы → приёмы: единственное место, где разбирается сырьё драйвера (правило 7 стиля)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from services.domain.errors import DatabaseError
from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception
from services.domain.texts import line

Row = Mapping[str, object]
Parsed = TypeVar("Parsed")


class Unreadable(DatabaseError):
    """Значение в базе не читается: виновата одна строка, а не связь."""


class BadValue(Unreadable):
    """Значение столбца другого вида, чем должно быть."""

    def __init__(self, column: str) -> None:
        super().__init__(f"столбец {column}: неожиданное значение; запрос не подходит к этой версии Ident")
        self.column = column

    def __reduce__(self) -> tuple[type["BadValue"], tuple[str]]:
        return type(self), (self.column,)


@dataclass(frozen=True, slots=True)
class Parts(Generic[Parsed]):
    """Строки, разложенные по приёмам, и чего в них не прочесть: приём → столбец."""

    found: Mapping[int, Sequence[Parsed]]
    flaws: Mapping[int, str]


def parse_receptions(rows: Iterable[Row], lines: Parts[OrderLine], plans: Parts[PlanLine]) -> list[Reception]:
    """Собирает приёмы из трёх ответов базы; негодное значение портит один приём, а не страницу."""
    return [_reception(row, number(row, "reception_id"), lines, plans) for row in rows]


def _reception(
    row: Row, reception_id: int, lines: Parts[OrderLine], plans: Parts[PlanLine], flaw: str = ""
) -> Reception:
    try:
        return _parsed(row, reception_id, lines, plans, flaw)
    except BadValue as error:
        return _reception({**row, error.column: None}, reception_id, lines, plans, error.column)


def _parsed(
    row: Row, reception_id: int, lines: Parts[OrderLine], plans: Parts[PlanLine], flaw: str
) -> Reception:
    read = {name: reader(row, name) for name, reader in COLUMNS.items()}
    return Reception(
        reception_id=reception_id,
        # Приём без пациента (занятое время) отклонят правила: страница из-за него встать не должна.
        patient_id=number(row, "patient_id") if _column(row, "patient_id") is not None else 0,
        cancel_reason=_cancel_reason(row),
        lines=lines.found.get(reception_id, ()),
        plan_lines=plans.found.get(reception_id, ()),
        flaw=flaw or lines.flaws.get(reception_id, "") or plans.flaws.get(reception_id, ""),
        **read,
    )


def _cancel_reason(row: Row) -> str | None:
    parts = (line(text(row, "cancel_reason_name")), line(text(row, "cancel_reason_comment")))
    return ": ".join(part for part in parts if part) or None


def parse_order_lines(rows: Iterable[Row]) -> Parts[OrderLine]:
    return _by_reception(rows, _order_line)


def parse_plan_lines(rows: Iterable[Row]) -> Parts[PlanLine]:
    return _by_reception(rows, _plan_line)


def _by_reception(rows: Iterable[Row], parse: Callable[[Row], Parsed]) -> Parts[Parsed]:
    found: dict[int, list[Parsed]] = {}
    flaws: dict[int, str] = {}
    for row in rows:
        reception_id = number(row, "reception_id")
        try:
            found.setdefault(reception_id, []).append(parse(row))
        except BadValue as error:
            flaws[reception_id] = error.column
    return Parts(found, flaws)


def _order_line(row: Row) -> OrderLine:
    amounts = (money(row, name) for name in ("quantity", "price", "discount"))
    return OrderLine(text(row, "service") or "", *amounts)


def _plan_line(row: Row) -> PlanLine:
    marks = (bool(_column(row, name)) for name in ("done", "paid"))
    return PlanLine(number(row, "plan_id"), number(row, "line_id"), *marks)


def text(row: Row, name: str) -> str | None:
    """Возвращает текст; числа (телефон BIGINT) становятся строкой."""
    value = _column(row, name)
    return None if value is None else str(value)


def number(row: Row, name: str) -> int:
    """Возвращает целое; пустое или чужое — DatabaseError с именем столбца."""
    try:
        return int(str(_column(row, name)))
    except ValueError:
        raise BadValue(name) from None


def money(row: Row, name: str) -> Decimal:
    """Возвращает десятичное число; пустое — ноль."""
    value = _column(row, name)
    try:
        amount = Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation:
        raise BadValue(name) from None
    if not amount.is_finite():
        raise BadValue(name)
    return amount


def moment(row: Row, name: str) -> datetime | None:
    """Возвращает наивное время базы; SQLite отдаёт его текстом."""
    value = _column(row, name)
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise BadValue(name) from None


def _column(row: Row, name: str) -> object:
    try:
        return row[name]
    except KeyError:
        raise DatabaseError(f"в ответе базы нет столбца {name}: проверьте файлы запросов") from None


def required(row: Row, name: str) -> datetime:
    """Возвращает время, без которого строка бессмысленна; пусто — DatabaseError."""
    value = moment(row, name)
    if value is None:
        raise DatabaseError(f"столбец {name} пуст: проверьте файлы запросов")
    return value


READERS: Mapping[Any, Callable[[Row, str], Any]] = {str | None: text, datetime | None: moment}
#: Тексты и времена приёма читаются из столбцов с теми же именами: новое поле разбора не требует.
COLUMNS = {
    field.name: READERS[field.type]
    for field in fields(Reception)
    if field.type in READERS and field.name != "cancel_reason"
}
