"""Приём и его опознание: СПЕЦ 2.2.2, 2.4.2, 2.4.3."""

import pytest

from services.domain.reception import ReceptionStatus, branch_name, status_of
from tests.factories import MARK, make_reception


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        ([], "Запланирован"),
        (["appeared_at"], "Пациент пришел"),
        (["appeared_at", "started_at"], "В процессе"),
        (["started_at"], "В процессе"),
        (["appeared_at", "started_at", "ended_at"], "Завершен"),
        (["ended_at", "check_issued_at"], "Завершен (счет выдан)"),
        (["check_issued_at"], "Завершен (счет выдан)"),
        (["canceled_at"], "Отменен"),
        (["appeared_at", "ended_at", "check_issued_at", "canceled_at"], "Отменен"),
    ],
)
def test_status_is_the_last_mark_on_the_ladder(marks: list[str], status: str) -> None:
    """СПЕЦ 2.2.2."""
    assert status_of(make_reception(**dict.fromkeys(marks, MARK))) == ReceptionStatus(status)


@pytest.mark.parametrize(
    ("order", "armchair", "name"),
    [
        ("Филиал Фучика", "Филиал Амирхана", "Филиал Фучика"),
        (None, "Филиал Амирхана", "Филиал Амирхана"),
        (" ", " Филиал Амирхана ", "Филиал Амирхана"),
        (None, None, "Не указан"),
    ],
)
def test_branch_name_is_taken_from_order_then_armchair(
    order: str | None, armchair: str | None, name: str
) -> None:
    """МАП 2.6.3."""
    assert branch_name(make_reception(order_branch=order, armchair_branch=armchair)) == name


def test_people_are_hidden_on_print() -> None:
    assert repr(make_reception()) == "Reception(12345)"
