"""Приём и его опознание: СПЕЦ 2.2.2, 2.4.2, 2.4.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import SkippableError
from services.domain.reception import ReceptionStatus, ReceptionUid, branch_name, parse_uid, status_of
from tests.factories import MARK, make_reception


def test_uid_has_the_form_of_the_specification() -> None:
    """СПЕЦ 2.4.2: F1_12345."""
    assert str(ReceptionUid(1, 12345)) == "F1_12345"
    assert ReceptionUid(1, 12345).branch_id == "F1"


@given(st.integers(1, 9999), st.integers(1, 10**18))
def test_uid_reads_back(branch: int, reception_id: int) -> None:
    uid = ReceptionUid(branch, reception_id)
    assert parse_uid(str(uid)) == uid


@pytest.mark.parametrize(
    "text",
    ["", "12345", "F1", "F1_", "F0_1", "F1_0", "F01_1", "f1_1", "F1_1\n", " F1_1", "F1_-1", "F1_1_1", "F1_١"],
)
def test_foreign_key_is_refused(text: str) -> None:
    with pytest.raises(SkippableError, match="не похож на F1_12345") as caught:
        parse_uid(text)
    assert caught.value.reason == "bad_uid"


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
