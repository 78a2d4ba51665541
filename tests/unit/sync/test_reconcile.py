"""Сверка: окно приёмов против доставленного (СПЕЦ 3.1.3, постановление 20)."""

from datetime import timedelta

import pytest

from services.bitrix.responses import AmbiguousAnswer
from services.domain.errors import FatalError, SyncError
from services.domain.outbox import Halt, Link
from tests.factories import START
from tests.support.scenarios import Office


@pytest.fixture
def office() -> Office:
    """Филиал."""
    return Office()


def reconciled(office: Office) -> list[list[str]]:
    """Возвращает пакеты подсказок."""
    return [list(packet) for packet in office.reconcile.packets()]


def test_change_without_a_mark_is_found(office: Office) -> None:
    office.delivered()
    office.source.change_silently(1, comment="исправлено мимо отметок")
    assert reconciled(office) == [["F1_1"]]
    assert office.journal.fields("reconcile_finished") == {"branch": "F1", "queued": 1}


def test_unchanged_receptions_cost_one_look_at_the_portal(office: Office) -> None:
    office.delivered(1)
    office.delivered(2, phone="+79160000000")
    office.crm.calls.clear()
    assert reconciled(office) == [[]]
    assert office.crm.calls == ["numbered"]


def test_window_is_a_week_back_and_ninety_days_ahead(office: Office) -> None:
    now = office.source.clock
    for number, shift in enumerate((-8, -6, 89, 91), start=1):
        start = now + timedelta(days=shift)
        office.book(number, plan_start=start, plan_end=start + timedelta(minutes=30))
    assert [uid for packet in reconciled(office) for uid in packet] == ["F1_2", "F1_3"]


def test_pages_hold_fifty(office: Office) -> None:
    for number in range(1, 121):
        office.book(number)
    assert [len(packet) for packet in reconciled(office)] == [50, 50, 20]


def test_deal_deleted_by_hand_is_queued_again(office: Office) -> None:
    deal = office.delivered()
    del office.crm.deals[deal.deal_id]
    assert reconciled(office) == [["F1_1"]]
    assert office.link("F1_1") == Link("", None)
    assert office.journal.fields("deal_vanished") == {"reception": "F1_1", "deal": deal.deal_id}


def test_deal_under_the_key_of_the_neighbour_is_alive(office: Office) -> None:
    deal = office.delivered()
    deal.fields["UF_CRM_RECEPTION_ID"] = "F2_1"
    assert reconciled(office) == [[]]


def test_receptions_never_delivered_are_not_looked_for_on_the_portal(office: Office) -> None:
    office.book(phone=None)
    assert reconciled(office) == [[]]
    assert office.crm.calls == []


@pytest.mark.parametrize(
    "error", [AmbiguousAnswer("сбой на портале"), FatalError("вебхук не принят", "unauthorized")]
)
def test_without_the_portal_the_database_is_still_reconciled(office: Office, error: SyncError) -> None:
    office.delivered()
    office.source.change_silently(1, comment="исправлено")
    office.crm.trouble("numbered", error)
    assert reconciled(office) == [["F1_1"]]
    assert office.journal.fields("reconcile_without_portal")["branch"] == "F1"


def test_halted_portal_is_not_asked(office: Office) -> None:
    office.delivered()
    office.crm.deals.clear()
    office.crm.calls.clear()
    office.gate.halt(Halt("unauthorized", "", office.clock.now()))
    assert reconciled(office) == [[]]
    assert office.crm.calls == []


def test_resting_portal_is_not_asked(office: Office) -> None:
    office.delivered()
    office.crm.calls.clear()
    for _ in range(5):
        office.gate.broke(office.clock.now())
    assert (reconciled(office), office.crm.calls) == ([[]], [])


def test_only_one_reconcile_of_a_branch_runs_at_a_time(office: Office) -> None:
    office.book()
    with office.locks.hold("reconcile:F1", timedelta(hours=1)):
        assert reconciled(office) == []
    assert office.journal.names == ["reconcile_busy"]


def test_lost_lock_ends_the_run_quietly(office: Office) -> None:
    for number in range(1, 61):
        office.book(number)
    packets = office.reconcile.packets()
    assert len(next(packets)) == 50
    office.lose_locks()
    assert list(packets) == []
    assert "reconcile_finished" not in office.journal.names


def test_empty_window_is_finished_at_once(office: Office) -> None:
    office.book(plan_start=START + timedelta(days=400), plan_end=START + timedelta(days=401))
    assert reconciled(office) == []
    assert office.journal.names == ["reconcile_finished"]
