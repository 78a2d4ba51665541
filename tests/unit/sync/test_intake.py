"""Приёмка: что ставится в очередь, а что отклоняется (СПЕЦ 3.1.3, МАП 4)."""

from collections.abc import Sequence

import pytest

from services.domain.fingerprint import failed_mark
from services.ports import Link
from tests.factories import MINNULLINA
from tests.support.scenarios import Office


@pytest.fixture
def office() -> Office:
    """Филиал на подделках."""
    return Office()


def taken(office: Office, *numbers: int) -> Sequence[str]:
    """Возвращает ключи для подсказок."""
    return list(office.intake.take(numbers or (1,), office.clock.now()))


def test_nothing_asked_is_nothing_read(office: Office) -> None:
    assert office.intake.take([], office.clock.now()) == ()
    assert office.counted("read") == 0


def test_new_reception_is_queued(office: Office) -> None:
    office.book()
    assert taken(office, 1, 999) == ["F1_1"]
    assert office.counted("read") == 1


def test_delivered_reception_is_queued_only_when_its_deal_would_change(office: Office) -> None:
    office.delivered()
    assert taken(office) == []
    office.book(comment="новое")
    assert taken(office) == ["F1_1"]


def test_reception_whose_deal_is_unknown_is_queued_again(office: Office) -> None:
    office.delivered()
    fingerprint = office.link("F1_1").fingerprint  # type: ignore[union-attr]
    office.links.save("F1_1", Link(fingerprint, None))
    assert taken(office) == ["F1_1"]


def test_state_refused_by_the_portal_waits_for_a_person_or_a_change(office: Office) -> None:
    office.delivered()
    fingerprint = office.link("F1_1").fingerprint  # type: ignore[union-attr]
    office.links.save("F1_1", Link(failed_mark(fingerprint), 1))
    assert taken(office) == []
    office.book(comment="новое")
    assert taken(office) == ["F1_1"]


def test_reception_of_the_neighbour_is_left_to_it(office: Office) -> None:
    office.book(order_branch=MINNULLINA.name, armchair_branch=None)
    assert taken(office) == []
    assert list(office.links.rejections("F1")) == []


def test_spoiled_reception_is_rejected_once_with_every_reason(office: Office) -> None:
    office.book(phone=None, surname=" ")
    assert [taken(office), taken(office)] == [[], []]
    (rejection,) = office.links.rejections("F1")
    assert rejection.reason == "surname_missing, phone_missing"
    assert "Телефон" in rejection.message
    assert (office.counted("rejected"), office.journal.names) == (1, ["reception_rejected"])


def test_new_reason_is_told_again(office: Office) -> None:
    office.book(phone=None)
    taken(office)
    office.book(phone="12")
    taken(office)
    assert [row.reason for row in office.links.rejections("F1")] == ["phone_invalid"]
    assert office.counted("rejected") == 2


def test_delivered_reception_that_became_invalid_keeps_its_deal_in_memory(office: Office) -> None:
    deal = office.delivered()
    office.book(phone=None)
    assert taken(office) == []
    assert office.link("F1_1").deal_id == deal.deal_id  # type: ignore[union-attr]


def test_corrected_reception_is_queued(office: Office) -> None:
    office.book(phone=None)
    taken(office)
    office.book()
    assert taken(office) == ["F1_1"]
