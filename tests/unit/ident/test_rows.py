"""Разбор строк: что бы ни дал драйвер, за границу выходят наши типы."""

import pickle
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from services.domain.errors import DatabaseError
from services.domain.plan import PlanLine
from services.domain.reception import Reception
from services.ident.rows import (
    BadValue,
    Parts,
    moment,
    money,
    number,
    parse_order_lines,
    parse_plan_lines,
    parse_receptions,
    text,
)

SECRET = "Лунёва Алсу"


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("Зорин", "Зорин"), (79430000001, "79430000001")]
)
def test_text_takes_strings_and_numbers(value: object, expected: str | None) -> None:
    assert text({"phone": value}, "phone") == expected


@pytest.mark.parametrize("value", [5, "5", Decimal(5)])
def test_number_takes_what_drivers_give(value: object) -> None:
    assert number({"reception_id": value}, "reception_id") == 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "0"),
        (5000, "5000"),
        (4200.5, "4200.5"),
        (Decimal("333.3333333333"), "333.3333333333"),
        ("1.10", "1.10"),
    ],
)
def test_money_is_always_decimal(value: object, expected: str) -> None:
    assert money({"price": value}, "price") == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (datetime(2024, 12, 30, 10, 0, 0, 3000), datetime(2024, 12, 30, 10, 0, 0, 3000)),
        ("2024-12-30 10:00:00", datetime(2024, 12, 30, 10, 0)),
        ("2024-12-30 10:00:00.997", datetime(2024, 12, 30, 10, 0, 0, 997000)),
    ],
)
def test_moment_takes_datetimes_and_texts(value: object, expected: datetime | None) -> None:
    assert moment({"plan_start": value}, "plan_start") == expected


@pytest.mark.parametrize("parse", [number, money, moment])
def test_a_bad_value_names_the_column_and_hides_the_value(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(DatabaseError) as caught:
        parse({"plan_end": SECRET}, "plan_end")
    assert "plan_end" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_empty_key_is_a_bad_value() -> None:
    with pytest.raises(DatabaseError, match="reception_id"):
        number({"reception_id": None}, "reception_id")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DatabaseError, match="нет столбца doctor_name"):
        text({"surname": SECRET}, "doctor_name")


def test_order_lines_are_grouped_by_reception_in_their_order() -> None:
    rows = [
        {"reception_id": 1, "service": "А", "quantity": 2, "price": 10, "discount": None},
        {"reception_id": 2, "service": "Б", "quantity": 1, "price": 20, "discount": 0},
        {"reception_id": 1, "service": "В", "quantity": None, "price": 30, "discount": 5},
    ]
    grouped = parse_order_lines(rows).found
    assert [line.service for line in grouped[1]] == ["А", "В"]
    assert [line.service for line in grouped[2]] == ["Б"]


@pytest.mark.parametrize(("done", "paid"), [(1, 0), (True, False), (Decimal(1), Decimal(0))])
def test_plan_flags_take_what_drivers_give(done: object, paid: object) -> None:
    row = {"reception_id": 1, "plan_id": 2, "line_id": 3, "done": done, "paid": paid}
    assert parse_plan_lines([row]).found == {1: [PlanLine(2, 3, done=True, paid=False)]}


NOTHING: Parts[Any] = Parts({}, {})
COLUMNS = set(Reception.__dataclass_fields__) - {"lines", "plan_lines", "cancel_reason", "flaw"}


def raw(reception_id: int, **changes: object) -> dict[str, object]:
    """Строит строку ответа базы: все столбцы пусты, кроме названных."""
    empty = dict.fromkeys((*COLUMNS, "cancel_reason_name", "cancel_reason_comment"))
    return {**empty, "reception_id": reception_id, **changes}


def test_a_bad_value_costs_one_reception_not_the_page() -> None:
    rows = [raw(1, surname="Зорин"), raw(2, plan_end="скоро", order_branch="Фучика"), raw(3)]
    found = parse_receptions(rows, NOTHING, NOTHING)
    assert [(each.reception_id, each.flaw) for each in found] == [(1, ""), (2, "plan_end"), (3, "")]
    assert (found[1].plan_end, found[1].order_branch) == (None, "Фучика")


@pytest.mark.parametrize("value", ["NaN", float("inf"), "много", Decimal("-Infinity")])
def test_a_bad_amount_costs_one_reception_not_the_page(value: object) -> None:
    line = {"reception_id": 1, "service": "А", "quantity": 1, "price": 10, "discount": 0}
    lines = parse_order_lines([{**line, "price": value}, {**line, "reception_id": 2}])
    found = parse_receptions([raw(1), raw(2)], lines, NOTHING)
    assert [(each.flaw, len(each.lines)) for each in found] == [("price", 0), ("", 1)]


def test_a_bad_plan_line_costs_one_reception_not_the_page() -> None:
    line = {"reception_id": 1, "plan_id": "первый", "line_id": 3, "done": 0, "paid": 0}
    (found,) = parse_receptions([raw(1)], NOTHING, parse_plan_lines([line]))
    assert found.flaw == "plan_id"


def test_a_bad_value_survives_pickle() -> None:
    with pytest.raises(BadValue) as caught:
        number({"plan_id": SECRET}, "plan_id")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.column, str(copy)) == ("plan_id", str(caught.value))
