"""План лечения: МАП 2.5.2 приоритет 3, 3.5; СПЕЦ 2.3.2; постановление 21."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.plan import (
    LineStatus,
    PlanItem,
    PlanLine,
    PlanProgress,
    line_status,
    line_total,
    plan_progress,
    plan_total,
    stage_totals,
    teeth_count,
)
from tests.factories import make_plan_line

DONE = make_plan_line(1, 1, done=True, paid=True)
UNPAID = make_plan_line(1, 2, done=True)
UNDONE = make_plan_line(1, 3)
PREPAID = make_plan_line(1, 4, paid=True)
SECOND_DONE = make_plan_line(2, 5, done=True, paid=True)
SECOND_UNDONE = make_plan_line(2, 6)
SIGNED_TOP_BIT = -(2**63)

plan_lines = st.lists(
    st.builds(PlanLine, st.integers(1, 3), st.integers(1, 99), st.booleans(), st.booleans())
)
money = st.decimals(0, 100_000, places=2)
items = st.lists(
    st.builds(
        PlanItem,
        st.sampled_from(["Терапия", "Хирургия"]),
        st.integers(1, 3),
        money,
        st.integers(1, 32),
        money,
    )
)


@pytest.mark.parametrize(
    ("lines", "progress"),
    [
        pytest.param([], PlanProgress.NONE, id="плана нет"),
        pytest.param([DONE], PlanProgress.COMPLETED, id="выполнен и оплачен"),
        pytest.param([DONE, UNDONE], PlanProgress.ACTIVE, id="не все услуги выполнены"),
        pytest.param([DONE, UNPAID], PlanProgress.ACTIVE, id="выполнен, но не оплачен"),
        pytest.param([DONE, PREPAID], PlanProgress.ACTIVE, id="оплачен, но не выполнен"),
        pytest.param([DONE, SECOND_DONE], PlanProgress.COMPLETED, id="оба плана завершены"),
        pytest.param([DONE, SECOND_UNDONE], PlanProgress.ACTIVE, id="один из двух идёт"),
    ],
)
def test_plan_is_completed_when_everything_is_done_and_paid(
    lines: list[PlanLine], progress: PlanProgress
) -> None:
    assert plan_progress(lines) is progress


@given(plan_lines)
def test_order_of_plan_lines_does_not_matter(lines: list[PlanLine]) -> None:
    assert plan_progress(lines) is plan_progress(list(reversed(lines)))


@pytest.mark.parametrize(
    ("done", "paid", "status"),
    [
        (False, False, "Не выполнено"),
        (False, True, "Не выполнено"),
        (True, False, "Выполнено"),
        (True, True, "Выполнено и оплачено"),
    ],
)
def test_line_status_is_worded_as_specified(done: bool, paid: bool, status: str) -> None:
    """СПЕЦ 2.3.2."""
    assert line_status(done, paid) == LineStatus(status)


@pytest.mark.parametrize(
    ("bits", "teeth"),
    [(None, 1), (0, 1), (0b1, 1), (0b10110, 3), (2**32 - 1, 32), (SIGNED_TOP_BIT, 1), (-1, 64)],
)
def test_teeth_are_counted_by_bits_and_at_least_one(bits: int | None, teeth: int) -> None:
    assert teeth_count(bits) == teeth


def test_line_total_follows_the_example() -> None:
    """МАП 3.5.1: 30 000 × 3 − 0 = 90 000."""
    assert line_total(Decimal(30_000), 3, Decimal(0)) == Decimal(90_000)


@pytest.mark.parametrize(("discount", "total"), [("0", "90000"), ("500.50", "89499.50")])
def test_discount_is_taken_once_per_line(discount: str, total: str) -> None:
    assert PlanItem("Этап", 1, Decimal(30_000), 3, Decimal(discount)).total == Decimal(total)


def test_stage_and_plan_totals_add_up() -> None:
    """МАП 3.5.2, 3.5.3."""
    crowns = PlanItem("Ортопедия", 2, Decimal(30_000), 3, Decimal(0))
    caries = PlanItem("Терапия", 1, Decimal(5_000), 2, Decimal(500))
    cleaning = PlanItem("Терапия", 1, Decimal(4_000), 1, Decimal(0))
    plan = [crowns, caries, cleaning]
    assert list(stage_totals(plan).items()) == [
        ((1, "Терапия"), Decimal(13_500)),
        ((2, "Ортопедия"), Decimal(90_000)),
    ]
    assert plan_total(plan) == Decimal(103_500)


def test_stages_with_one_name_are_kept_apart() -> None:
    plan = [PlanItem("Терапия", order, Decimal(100), 1, Decimal(0)) for order in (1, 2)]
    assert list(stage_totals(plan)) == [(1, "Терапия"), (2, "Терапия")]


@given(items)
def test_plan_costs_what_its_lines_cost(plan: list[PlanItem]) -> None:
    assert plan_total(plan) == sum((item.total for item in plan), Decimal(0))
