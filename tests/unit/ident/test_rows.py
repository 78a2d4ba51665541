"""Разбор строк: что бы ни дал драйвер, за границу выходят наши типы."""

from datetime import datetime
from decimal import Decimal

import pytest

from services.domain.errors import DatabaseError
from services.domain.plan import PlanLine
from services.ident.rows import moment, money, number, parse_order_lines, parse_plan_lines, text

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
    grouped = parse_order_lines(rows)
    assert [line.service for line in grouped[1]] == ["А", "В"]
    assert [line.service for line in grouped[2]] == ["Б"]


@pytest.mark.parametrize(("done", "paid"), [(1, 0), (True, False), (Decimal(1), Decimal(0))])
def test_plan_flags_take_what_drivers_give(done: object, paid: object) -> None:
    row = {"reception_id": 1, "plan_id": 2, "line_id": 3, "done": done, "paid": paid}
    assert parse_plan_lines([row]) == {1: [PlanLine(2, 3, done=True, paid=False)]}
