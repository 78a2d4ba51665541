"""Приёмка: что ставится в очередь, а что отклоняется (СПЕЦ 3.1.3, МАП 4)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.domain.fingerprint import failed_mark
from services.domain.outbox import Link
from services.domain.reception import Reception
from services.sync.feed import Outcome
from tests.factories import MINNULLINA, START
from tests.fakes_ident import FakeSource
from tests.support.scenarios import Office


@pytest.fixture
def office() -> Office:
    """Филиал."""
    return Office()


def taken(office: Office, *numbers: int) -> Sequence[str]:
    """Возвращает ключи для подсказок."""
    return list(office.intake.take(numbers or (1,)))


def test_nothing_asked_is_nothing_read(office: Office) -> None:
    assert office.intake.take([]) == {}
    assert office.counted("read") == 0


def test_new_reception_is_queued(office: Office) -> None:
    office.book()
    assert taken(office, 1, 999) == ["F1_1"]
    assert office.counted("read") == 1


def test_hint_tells_whether_the_reception_is_awaited_today(office: Office) -> None:
    office.book(1)
    office.book(2, plan_start=START + timedelta(days=40), plan_end=START + timedelta(days=40, hours=1))
    assert office.intake.take([1, 2]) == {"F1_1": True, "F1_2": False}


def test_delivered_reception_is_queued_only_when_its_deal_would_change(office: Office) -> None:
    office.delivered()
    assert taken(office) == []
    office.book(comment="новое")
    assert taken(office) == ["F1_1"]


def test_state_refused_by_the_portal_waits_for_a_person_or_a_change(office: Office) -> None:
    office.delivered()
    fingerprint = office.link("F1_1").fingerprint  # type: ignore[union-attr]
    office.links.save("F1_1", Link(failed_mark(fingerprint), 1), office.clock.now())
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


def test_rule_that_stumbles_rejects_one_record_and_the_rest_goes_on(office: Office) -> None:
    """СПЕЦ 2.4.1.3: запись пропускается, обмен идёт дальше."""
    office.book(1, lines=(object(),))
    office.book(2)
    assert [taken(office, 1, 2), taken(office, 1, 2)] == [["F1_2"], []]
    (rejection,) = office.links.rejections("F1")
    assert (rejection.uid, rejection.reason) == ("F1_1", "rule_failed")
    assert "AttributeError" in rejection.message
    assert office.counted("rejected") == 1
    office.book(1)
    assert taken(office, 1) == ["F1_1"]


def test_row_that_does_not_read_rejects_one_record_and_the_rest_goes_on(office: Office) -> None:
    class Spoiled(FakeSource):
        def read(self, reception_ids: Sequence[int]) -> Sequence[Reception]:
            if 2 in reception_ids:
                raise ValueError("Иванов Иван: не число")
            return super().read(reception_ids)

    spoiled = Spoiled(office.source.clock)
    for number in (1, 2, 3):
        spoiled.put(office.reception(number))
    office.feed.source = spoiled
    assert taken(office, 1, 2, 3) == ["F1_1", "F1_3"]
    (rejection,) = office.links.rejections("F1")
    assert (rejection.uid, rejection.reason) == ("F1_2", "rule_failed")
    assert "ValueError" in rejection.message
    assert "Иванов" not in rejection.message


def test_reception_that_went_to_the_neighbour_and_back_is_sent_again() -> None:
    office = Office()
    neighbour = Office(2, twin=office)
    deal = office.delivered()
    there = {"order_branch": MINNULLINA.name, "armchair_branch": None, "comment": "у соседа"}
    office.book(**there)
    assert list(neighbour.intake.take([1])) == ["F2_1"]
    assert neighbour.send_again("F2_1") is Outcome.UPDATED
    assert deal.fields["COMMENTS"] == "у соседа"
    office.book()
    assert taken(office) == ["F1_1"]
    assert office.send_again("F1_1") is Outcome.UPDATED
    assert deal.fields["COMMENTS"] == ""
    assert len(office.crm.deals) == 1


def test_reception_that_became_foreign_leaves_the_rejected_list(office: Office) -> None:
    office.book(phone=None)
    taken(office)
    office.book(phone=None, order_branch=MINNULLINA.name, armchair_branch=None)
    taken(office)
    assert list(office.links.rejections("F1")) == []
