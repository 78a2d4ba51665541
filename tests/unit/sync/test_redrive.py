"""Повторная подсказка: чьё время пришло и чья причина ушла (docs/at_least_once.md)."""

from datetime import timedelta

import pytest

from services.domain.errors import Family
from services.domain.outbox import EntryState, Halt
from services.store.outbox import WORKER_LOST
from tests.support.scenarios import Office

LEASE = timedelta(seconds=100)


@pytest.fixture
def office() -> Office:
    """Филиал."""
    return Office()


def failed(office: Office, reason: str, uid: str = "F1_1") -> None:
    """Кладёт отказавшую запись."""
    now = office.clock.now()
    office.put(uid)
    claim = office.outbox.claim(uid, now, LEASE)
    assert claim is not None
    office.outbox.fail(claim, now, reason, "")


def test_record_whose_hint_was_lost_is_hinted_again(office: Office) -> None:
    office.put("F1_1")
    assert list(office.redrive.due()) == []
    office.clock.advance(seconds=90)
    assert list(office.redrive.due()) == ["F1_1"]


def test_record_of_a_killed_node_is_hinted_when_its_lease_is_over(office: Office) -> None:
    office.put("F1_1")
    office.outbox.claim("F1_1", office.clock.now(), LEASE)
    office.clock.advance(seconds=101)
    assert list(office.redrive.due()) == ["F1_1"]


def test_nothing_is_hinted_while_sending_is_halted(office: Office) -> None:
    office.outbox.put(["F1_1"], office.clock.now(), timedelta())
    office.gate.halt(Halt("unauthorized", "", office.clock.now()))
    assert office.redrive.due() == ()
    office.gate.resume()
    assert list(office.redrive.due()) == ["F1_1"]


def test_nothing_is_hinted_while_the_administrator_holds_a_pause(office: Office) -> None:
    office.outbox.put(["F1_1"], office.clock.now(), timedelta())
    office.gate.pause(office.clock.now())
    assert office.redrive.due() == ()
    office.gate.unpause()
    assert list(office.redrive.due()) == ["F1_1"]


def test_temporary_failure_is_revived_though_a_thousand_wait_for_a_person(office: Office) -> None:
    for number in range(1, 1002):
        failed(office, "field_invalid", f"F1_{number}")
    office.clock.advance(seconds=1)
    failed(office, Family.NETWORK, "F1_2000")
    office.clock.advance(seconds=30)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == ["F1_2000"]


def test_nothing_is_hinted_while_the_portal_rests_and_no_probe_is_spent(office: Office) -> None:
    office.outbox.put(["F1_1"], office.clock.now(), timedelta())
    for _ in range(5):
        office.gate.broke(office.clock.now())
    assert office.redrive.due() == ()
    office.clock.advance(seconds=10)
    assert list(office.redrive.due()) == ["F1_1"]
    assert office.gate.retry_in(office.clock.now()) is None


@pytest.mark.parametrize("family", Family)
def test_temporary_failure_is_revived_after_a_pause(office: Office, family: Family) -> None:
    failed(office, family)
    office.clock.advance(minutes=14)
    assert list(office.redrive.due()) == []
    office.clock.advance(minutes=1)
    assert list(office.redrive.due()) == ["F1_1"]
    assert office.journal.fields("failed_revived") == {"branch": "F1", "count": 1}


@pytest.mark.parametrize("family", [Family.NETWORK, Family.API])
def test_failure_of_the_portal_is_revived_as_soon_as_it_answers(office: Office, family: Family) -> None:
    failed(office, family)
    office.clock.advance(seconds=30)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == ["F1_1"]


def test_failure_of_the_database_is_revived_as_soon_as_it_is_read(office: Office) -> None:
    failed(office, Family.DATABASE)
    office.clock.advance(seconds=30)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == []
    office.stats.note("F1", "last_success", office.clock.now().isoformat())
    assert list(office.redrive.due()) == ["F1_1"]


def test_second_revival_waits_for_its_pause(office: Office) -> None:
    failed(office, Family.API)
    office.clock.advance(seconds=30)
    office.gate.succeeded(office.clock.now())
    office.redrive.due()
    claim = office.outbox.claim("F1_1", office.clock.now(), LEASE)
    assert claim is not None
    office.outbox.fail(claim, office.clock.now(), Family.API, "")
    office.clock.advance(seconds=30)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == []


def test_record_in_work_when_the_node_kept_dying_is_tried_once_more_and_no_more(office: Office) -> None:
    """С виновной записью в работе сотни невинных: тридцать убийств подряд осуждали 167 из 200."""
    failed(office, WORKER_LOST)
    office.stats.note("F1", "last_success", office.clock.now().isoformat())
    office.clock.advance(minutes=14)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == []
    office.clock.advance(minutes=1)
    assert list(office.redrive.due()) == ["F1_1"]
    claim = office.outbox.claim("F1_1", office.clock.now(), LEASE)
    assert claim is not None
    assert claim.losses == 0
    office.outbox.fail(claim, office.clock.now(), WORKER_LOST, "")
    office.clock.advance(days=1)
    assert list(office.redrive.due()) == []


@pytest.mark.parametrize("reason", ["field_invalid", "bug", "contact_unreadable"])
def test_failure_of_the_record_itself_waits_for_a_person(office: Office, reason: str) -> None:
    failed(office, reason)
    office.clock.advance(days=1)
    office.gate.succeeded(office.clock.now())
    assert list(office.redrive.due()) == []
    assert [entry.state for entry in office.outbox.entries("F1")] == [EntryState.FAILED]


def test_deep_queue_is_told_once_and_again_after_it_grew_shallow(office: Office) -> None:
    uids = [f"F1_{number}" for number in range(1, 1002)]
    for uid in uids:
        failed(office, "bug", uid)
    office.redrive.due()
    office.redrive.due()
    assert office.stats.notes("F1")["outbox"] == "1001"
    office.outbox.drop(uids[:250])
    office.redrive.due()
    for uid in uids[:250]:
        failed(office, "bug", uid)
    office.redrive.due()
    assert office.journal.names == ["outbox_deep", "outbox_shallow", "outbox_deep"]
