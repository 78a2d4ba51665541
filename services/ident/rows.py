"""Строки базы → приёмы: единственное место, где разбирается сырьё драйвера (правило 7 стиля)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from services.domain.errors import DatabaseError
from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception
from services.domain.texts import line

TYPE_ERROR = "столбец {name}: неожиданное значение; запрос не подходит к этой версии Ident"

Row = Mapping[str, object]


def parse_receptions(
    rows: Iterable[Row], lines: Mapping[int, Sequence[OrderLine]], plans: Mapping[int, Sequence[PlanLine]]
) -> list[Reception]:
    """Собирает приёмы из трёх ответов базы."""
    return [_reception(row, lines, plans) for row in rows]


def _reception(
    row: Row, lines: Mapping[int, Sequence[OrderLine]], plans: Mapping[int, Sequence[PlanLine]]
) -> Reception:
    reception_id = number(row, "reception_id")
    return Reception(
        reception_id=reception_id,
        # Приём без пациента (занятое время) отклонит суд: страница из-за него встать не должна.
        patient_id=number(row, "patient_id") if _column(row, "patient_id") is not None else 0,
        card_number=text(row, "card_number"),
        surname=text(row, "surname"),
        name=text(row, "name"),
        patronymic=text(row, "patronymic"),
        phone=text(row, "phone"),
        doctor_surname=text(row, "doctor_surname"),
        doctor_name=text(row, "doctor_name"),
        doctor_patronymic=text(row, "doctor_patronymic"),
        profession=text(row, "profession"),
        armchair=text(row, "armchair"),
        order_branch=text(row, "order_branch"),
        armchair_branch=text(row, "armchair_branch"),
        plan_start=moment(row, "plan_start"),
        plan_end=moment(row, "plan_end"),
        created_at=moment(row, "created_at"),
        appeared_at=moment(row, "appeared_at"),
        started_at=moment(row, "started_at"),
        ended_at=moment(row, "ended_at"),
        check_issued_at=moment(row, "check_issued_at"),
        canceled_at=moment(row, "canceled_at"),
        cancel_reason=_cancel_reason(row),
        comment=text(row, "comment"),
        source=text(row, "source"),
        lines=lines.get(reception_id, ()),
        plan_lines=plans.get(reception_id, ()),
    )


def _cancel_reason(row: Row) -> str | None:
    parts = (line(text(row, "cancel_reason_name")), line(text(row, "cancel_reason_comment")))
    return ": ".join(part for part in parts if part) or None


def parse_order_lines(rows: Iterable[Row]) -> dict[int, list[OrderLine]]:
    """Собирает строки заказов по приёмам, сохраняя порядок."""
    found: dict[int, list[OrderLine]] = {}
    for row in rows:
        line = OrderLine(
            text(row, "service") or "", money(row, "quantity"), money(row, "price"), money(row, "discount")
        )
        found.setdefault(number(row, "reception_id"), []).append(line)
    return found


def parse_plan_lines(rows: Iterable[Row]) -> dict[int, list[PlanLine]]:
    """Собирает строки связанных планов по приёмам."""
    found: dict[int, list[PlanLine]] = {}
    for row in rows:
        line = PlanLine(number(row, "plan_id"), number(row, "line_id"), bool(row["done"]), bool(row["paid"]))
        found.setdefault(number(row, "reception_id"), []).append(line)
    return found


def text(row: Row, name: str) -> str | None:
    """Возвращает текст; числа (телефон BIGINT) становятся строкой."""
    value = _column(row, name)
    return None if value is None else str(value)


def number(row: Row, name: str) -> int:
    """Возвращает целое; пустое или чужое — DatabaseError с именем столбца."""
    try:
        return int(str(_column(row, name)))
    except ValueError:
        raise DatabaseError(TYPE_ERROR.format(name=name)) from None


def money(row: Row, name: str) -> Decimal:
    """Возвращает десятичное число; пустое — ноль."""
    value = _column(row, name)
    try:
        return Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation:
        raise DatabaseError(TYPE_ERROR.format(name=name)) from None


def moment(row: Row, name: str) -> datetime | None:
    """Возвращает наивное время базы; SQLite отдаёт его текстом."""
    value = _column(row, name)
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise DatabaseError(TYPE_ERROR.format(name=name)) from None


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
