"""Услуги и сумма: МАП 2.6.5, 2.6.6, 4.2.3; постановления 5 и 25."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.reception import OrderLine
from services.domain.services_list import LIMIT, amount_for_deal, services_text, total_amount
from tests.factories import make_line

names = st.lists(st.text("абвгд ежз", min_size=1, max_size=60), max_size=120)
money = st.decimals("-1000000", "1000000", places=4)
lines = st.lists(st.builds(make_line, count=money.map(abs), price=money, discount=money), max_size=8)


@pytest.mark.parametrize(
    ("services", "text"),
    [
        pytest.param(["Консультация"], "Консультация", id="МАП 2.6.5 пример 1"),
        pytest.param(
            ["Консультация", "Лечение кариеса"], "Консультация, Лечение кариеса", id="МАП 2.6.5 пример 2"
        ),
        pytest.param(
            ["Консультация", "Лечение кариеса", "Профессиональная чистка"],
            "Консультация, Лечение кариеса, Профессиональная чистка",
            id="МАП 2.6.5 пример 3",
        ),
        pytest.param([], "", id="МАП 5.2 без услуг"),
        pytest.param(["Снимок", "Снимок"], "Снимок, Снимок", id="постановление 25: повтор виден"),
        pytest.param(["Снимок", ""], "Снимок", id="безымянная строка не оставляет запятой"),
    ],
)
def test_services_are_listed_in_order(services: list[str], text: str) -> None:
    assert services_text(services) == text


@pytest.mark.parametrize(
    ("services", "limit", "text"),
    [
        pytest.param(["А" * 20] * 3, 64, ", ".join(["А" * 20] * 3), id="впритык: не режется"),
        pytest.param(["А" * 20] * 3, 60, "А" * 20 + "... (и ещё 2 услуг)", id="режется на целой услуге"),
        pytest.param(["А" * 10, "Б" * 50], 31, "А" * 10 + "... (и ещё 1 услуг)", id="хвост внутри предела"),
        pytest.param(
            ["А" * 10, "Б" * 50], 28, "... (и ещё 2 услуг)", id="хвост не влез: услуга уступает место"
        ),
        pytest.param(["А" * 60, "Б"], 40, "... (и ещё 2 услуг)", id="первая услуга длиннее предела"),
    ],
)
def test_long_list_is_cut_at_a_whole_service(services: list[str], limit: int, text: str) -> None:
    assert services_text(services, limit) == text


def test_default_limit_is_three_thousand() -> None:
    """МАП 2.6.5: максимальная длина 3000 символов."""
    assert services_text(["Б" * LIMIT]) == "Б" * 3000
    assert services_text(["Б" * LIMIT + "Б"]) == "... (и ещё 1 услуг)"


@given(names, st.integers(min_value=40, max_value=400))
def test_text_never_exceeds_the_limit_and_counts_the_rest(services: list[str], limit: int) -> None:
    text = services_text(services, limit)
    assert len(text) <= limit
    tail = re.search(r"\.\.\. \(и ещё (\d+) услуг\)$", text)
    hidden = int(tail[1]) if tail else 0
    shown = text[: tail.start()] if tail else text
    assert shown == ", ".join(services[: len(services) - hidden])


@given(names, st.integers(min_value=40, max_value=400))
def test_cut_list_shows_as_much_as_fits(services: list[str], limit: int) -> None:
    text = services_text(services, limit)
    tail = re.search(r"\.\.\. \(и ещё (\d+) услуг\)$", text)
    hidden = int(tail[1]) if tail else 0
    shown = len(services) - hidden
    longer = [
        ", ".join(services[:count]) + f"... (и ещё {len(services) - count} услуг)"
        for count in range(shown + 1, len(services))
    ]
    assert all(len(candidate) > limit for candidate in longer)


def test_sum_follows_the_example() -> None:
    """МАП 2.6.6: консультация 1 × 1000 и кариес 2 × 5000 − 500 — всего 10 500."""
    order = [
        make_line("Консультация", count=Decimal(1), price=Decimal(1000)),
        make_line("Лечение кариеса", count=Decimal(2), price=Decimal(5000), discount=Decimal(500)),
    ]
    assert total_amount(order) == Decimal(10500)


@pytest.mark.parametrize(
    ("price", "total"),
    [
        ("0.005", "0.01"),
        ("0.004", "0.00"),
        ("1234.5649999999", "1234.56"),
        ("1234.5650000000", "1234.57"),
        ("-0.005", "-0.01"),
    ],
)
def test_sum_is_rounded_half_up_to_kopecks(price: str, total: str) -> None:
    assert total_amount([make_line(price=Decimal(price))]) == Decimal(total)


def test_kopecks_are_rounded_once_for_the_whole_sum() -> None:
    assert total_amount([make_line(price=Decimal("0.004"))] * 3) == Decimal("0.01")


def test_empty_order_costs_nothing() -> None:
    """МАП 5.2."""
    assert total_amount([]) == 0


@pytest.mark.parametrize(("total", "amount"), [("-0.01", "0"), ("-500", "0"), ("0", "0"), ("10.50", "10.50")])
def test_negative_sum_becomes_zero(total: str, amount: str) -> None:
    """МАП 2.6.6, постановление 5."""
    assert amount_for_deal(Decimal(total)) == Decimal(amount)


def test_negative_zero_does_not_reach_the_portal() -> None:
    assert str(amount_for_deal(total_amount([make_line(price=Decimal("-0.001"))]))) == "0.00"


@given(lines)
def test_amount_is_never_negative_and_has_kopecks_only(order: list[OrderLine]) -> None:
    amount = amount_for_deal(total_amount(order))
    assert amount >= 0
    assert amount == amount.quantize(Decimal("0.01"))
    assert round(float(amount), 2) == float(amount)


@given(lines)
def test_sum_does_not_depend_on_line_order(order: list[OrderLine]) -> None:
    assert total_amount(order) == total_amount(reversed(order))
