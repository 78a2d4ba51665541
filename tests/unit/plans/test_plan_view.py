"""Вид плана: этапы, суммы, исполнение (МАП 3.3, 3.5)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from services.domain.plan import PlanItem
from services.domain.plan_view import (
    LAST,
    UNNAMED_PLAN,
    UNNAMED_SERVICE,
    PlanHead,
    PlanPatient,
    PlanRow,
    newest_first,
    plan_summary,
    plan_view,
    progress_of,
)
from tests.factories import ZONE

HEAD = PlanHead(7, "Имплантация", "Зорин Лев Маратович", datetime(2024, 12, 1, 10, 30), None)


def make_row(price: str = "1000", stage: str = "Этап", order: int = 1, **changes: Any) -> PlanRow:
    money = {"teeth": changes.pop("teeth", 1), "discount": Decimal(changes.pop("discount", 0))}
    item = PlanItem(stage, order, Decimal(price), **money)
    usual = {"element": "", "service": "Коронка", "done": False, "paid": False, **changes}
    return PlanRow(7, 1, item, **usual)


def test_example_of_the_specification() -> None:
    view: Any = plan_view(HEAD, [make_row("30000", teeth=3)], ZONE)
    assert view["stages"][0]["services"][0]["total"] == view["stages"][0]["total"] == view["total"] == 90000


def test_fields_are_named_as_in_the_mapping() -> None:
    view: Any = plan_view(HEAD, [make_row(element="Зуб 1.6", discount="99.5", done=True)], ZONE)
    (stage,) = view.pop("stages")
    assert view == {
        "plan_id": 7,
        "plan_name": "Имплантация",
        "doctor_name": "Зорин Лев Маратович",
        "created_at": "2024-12-01T10:30:00+03:00",
        "price_fixed_at": None,
        "total": 900.5,
        "progress": {"lines": 1, "done_lines": 1, "paid_lines": 0, "done": 900.5, "paid": 0, "left": 0},
    }
    assert stage == {
        "stage": "Этап",
        "stage_order": 1,
        "total": 900.5,
        "services": [
            {
                "element": "Зуб 1.6",
                "service": "Коронка",
                "status": "Выполнено",
                "price": 1000,
                "teeth": 1,
                "discount": 99.5,
                "total": 900.5,
            }
        ],
    }


@pytest.mark.parametrize(
    ("done", "paid", "status"),
    [
        (False, False, "Не выполнено"),
        (True, False, "Выполнено"),
        (True, True, "Выполнено и оплачено"),
        (False, True, "Не выполнено"),
    ],
)
def test_statuses(done: bool, paid: bool, status: str) -> None:
    view: Any = plan_view(HEAD, [make_row(done=done, paid=paid)], ZONE)
    assert view["stages"][0]["services"][0]["status"] == status


def test_stages_go_by_order_and_unstaged_services_last() -> None:
    rows = [make_row(stage="", order=LAST), make_row(stage="Второй", order=2), make_row(stage="Первый")]
    view: Any = plan_view(HEAD, rows, ZONE)
    assert [(stage["stage_order"], stage["stage"]) for stage in view["stages"]] == [
        (1, "Первый"),
        (2, "Второй"),
        (None, None),
    ]


def test_progress_divides_the_sum_without_remainder() -> None:
    rows = [make_row("100"), make_row("20", done=True), make_row("3", done=True, paid=True)]
    progress = progress_of(rows)
    assert (progress.done, progress.paid, progress.left) == (23, 3, 100)
    assert (progress.lines, progress.done_lines, progress.paid_lines) == (3, 2, 1)


def test_unknown_names_are_said_aloud() -> None:
    view: Any = plan_view(PlanHead(7, "", "", None, None), [make_row(service="")], ZONE)
    assert (view["plan_name"], view["created_at"]) == (UNNAMED_PLAN, None)
    assert view["stages"][0]["services"][0]["service"] == UNNAMED_SERVICE


def test_empty_plan_costs_nothing() -> None:
    assert plan_summary(HEAD, [], ZONE)["total"] == 0


def test_newest_plan_is_first_and_dateless_last() -> None:
    days = {1: datetime(2024, 1, 1), 2: None, 3: datetime(2024, 5, 1), 4: datetime(2024, 5, 1)}
    heads = [PlanHead(number, "", "", day, None) for number, day in days.items()]
    assert [head.plan_id for head in newest_first(heads)] == [4, 3, 1, 2]


def test_people_do_not_leak_through_repr() -> None:
    assert repr(HEAD) == "PlanHead(7)"
    assert repr(PlanPatient(3, "К-3", "Лунёва Алсу")) == "PlanPatient(3)"
