"""Отправка одной записи: отказы, повторы, остановки, чужие руки (ADR 0003, СПЕЦ 3.3.2)."""

from datetime import timedelta

import pytest

from services.bitrix.responses import (
    AmbiguousAnswer,
    AnswerLost,
    FieldRefused,
    OperationTimeLimit,
    PortalUnreachable,
    Unauthorized,
)
from services.domain.errors import DatabaseError, DatabaseResting, RetriableError, StoreError, Withdrawn
from services.domain.fingerprint import failed_mark
from services.ports import EntryState, Halt, Link
from services.sync.delivery import Outcome
from services.sync.upsert import Postponed
from tests.factories import MINNULLINA
from tests.fakes_store import FakeOutbox
from tests.support.scenarios import PHONE_TOKEN, Office

UID = "F1_1"
REFUSED = FieldRefused("портал не принял поля", "field_invalid")


@pytest.fixture
def office() -> Office:
    """Филиал на подделках."""
    return Office()


# --- Отказы записи -------------------------------------------------------------------------------


def test_spoiled_reception_is_rejected_and_leaves_the_queue(office: Office) -> None:
    office.book(phone=None)
    assert office.send(UID) is Outcome.REJECTED
    assert (office.state, [row.uid for row in office.links.rejections("F1")]) == (None, [UID])


def test_corrected_reception_leaves_the_rejected_list(office: Office) -> None:
    office.book(phone=None)
    office.send(UID)
    office.book()
    assert office.send(UID) is Outcome.CREATED
    assert list(office.links.rejections("F1")) == []


def test_delivered_reception_that_became_invalid_sends_nothing(office: Office) -> None:
    deal = office.delivered()
    office.crm.calls.clear()
    office.book(phone=None)
    assert office.send(UID) is Outcome.REJECTED
    assert office.crm.calls == []
    assert office.link(UID).deal_id == deal.deal_id  # type: ignore[union-attr]


def test_reception_of_the_neighbour_leaves_the_queue(office: Office) -> None:
    office.book(order_branch=MINNULLINA.name, armchair_branch=None)
    assert office.send(UID) is Outcome.FOREIGN
    assert (office.state, office.crm.calls) == (None, [])


def test_reception_that_did_not_read_is_tried_once_more_and_then_failed(office: Office) -> None:
    assert isinstance(office.send(UID), Postponed)
    office.clock.advance(minutes=2)
    assert office.send_again(UID) is Outcome.FAILED
    assert office.entry.reason == "reception_missing"


def test_refusal_of_the_portal_fails_one_record_and_is_remembered(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", REFUSED)
    assert office.send(UID) is Outcome.FAILED
    assert (office.entry.reason, office.entry.message) == ("field_invalid", "портал не принял поля")
    assert office.link(UID) == Link(failed_mark(fresh_fingerprint(office)), None)
    assert office.counted("failed") == 1


def test_refused_change_keeps_the_deal_in_memory(office: Office) -> None:
    deal = office.delivered()
    office.book(comment="новое")
    office.crm.trouble("update_deal", REFUSED)
    assert office.send(UID) is Outcome.FAILED
    assert office.link(UID) == Link(failed_mark(fresh_fingerprint(office)), deal.deal_id)


def fresh_fingerprint(office: Office) -> str:
    """Возвращает отпечаток нынешнего состояния приёма."""
    (reception,) = office.source.read([1])
    return office.branch.judge(reception, office.clock.now()).fingerprint  # type: ignore[union-attr]


def test_contact_made_before_a_refused_deal_is_not_made_again(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", REFUSED)
    office.send(UID)
    office.outbox.requeue([UID], office.clock.now())
    assert office.send_again(UID) is Outcome.CREATED
    assert len(office.crm.contacts) == 1


def test_bug_of_the_program_is_seen_and_does_not_loop(office: Office) -> None:
    office.book()
    office.crm.trouble("find", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        office.send(UID)
    assert office.state is EntryState.FAILED
    assert (office.entry.reason, office.entry.message) == ("bug", "ошибка программы: ZeroDivisionError")


# --- Временные сбои ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (PortalUnreachable("нет связи"), 30),
        (AnswerLost("обрыв", 65.0), 65),
        (AmbiguousAnswer("сбой", 65.0), 65),
        (OperationTimeLimit("время метода", 90.0), 90),
        (OperationTimeLimit("время метода", 5.0), 60),
    ],
    ids=lambda value: type(value).__name__,
)
def test_temporary_trouble_is_repeated_by_the_schedule_of_its_family(
    office: Office, error: RetriableError, seconds: float
) -> None:
    office.book()
    office.crm.trouble("find", error)
    postponed = office.send(UID)
    assert isinstance(postponed, Postponed)
    assert postponed.retry_after == seconds
    assert (office.entry.state, office.entry.attempts, office.entry.reason) == (
        EntryState.RETRY,
        1,
        error.family,
    )
    assert office.entry.due_at == office.clock.now() + timedelta(seconds=seconds)


def test_broken_database_repeats_by_its_own_schedule(office: Office) -> None:
    office.book()
    office.source.failure = DatabaseError("база не отвечает")
    waits = []
    for _ in range(3):
        error = office.send(UID)
        assert isinstance(error, Postponed)
        waits.append(error.retry_after)
        office.clock.advance(minutes=2)
    assert waits == [10, 30, 60]
    assert office.send_again(UID) is Outcome.FAILED
    assert office.entry.reason == "database"


@pytest.mark.parametrize("error", [DatabaseResting("база отдыхает", 40.0), Withdrawn("узел останавливается")])
def test_attempt_that_did_not_happen_is_not_counted(office: Office, error: RetriableError) -> None:
    office.book()
    office.source.failure = error if isinstance(error, DatabaseError) else None
    office.crm.trouble("find", error)
    assert office.send(UID) is Outcome.HALTED
    assert (office.entry.state, office.entry.attempts) == (EntryState.PENDING, 0)


def test_lost_answer_to_a_creation_is_looked_up_before_creating_again(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", AnswerLost("обрыв", 65.0), after=True)
    assert isinstance(office.send(UID), Postponed)
    assert set(office.locks.lingering) == {"reception:main:1", f"phone:{PHONE_TOKEN}"}
    office.locks.forget_lingering()
    office.clock.advance(seconds=66)
    assert office.send_again(UID) is Outcome.UPDATED
    assert (len(office.crm.deals), len(office.crm.contacts)) == (1, 1)


def test_unclear_update_is_not_taken_for_the_delivered_state(office: Office) -> None:
    office.delivered()
    office.book(comment="новое")
    office.crm.trouble("update_deal", AnswerLost("обрыв", 65.0))
    office.send(UID)
    assert office.link(UID) == Link("", 1)
    office.locks.forget_lingering()
    office.clock.advance(seconds=66)
    office.book()
    assert office.send_again(UID) is Outcome.UPDATED


def test_five_outages_in_a_row_stop_sending_and_the_first_success_resumes_it(office: Office) -> None:
    for number in range(1, 8):
        office.book(number, phone=f"+7916000000{number}")
        office.crm.trouble("find", PortalUnreachable("нет связи"))
    outcomes = [office.send(f"F1_{number}") for number in range(1, 7)]
    assert [type(outcome) for outcome in outcomes[:5]] == [Postponed] * 5
    assert (outcomes[5], office.journal.names.count("portal_resting")) == (Outcome.HALTED, 1)
    office.crm.heal()
    office.clock.advance(seconds=11)
    assert office.send_again("F1_6") is Outcome.CREATED
    assert office.gate.blocked_for(office.clock.now()) is None


def test_absent_redis_is_no_outcome_of_the_record(office: Office) -> None:
    class Broken(FakeOutbox):
        def extend(self, *_: object) -> bool:
            raise StoreError("Redis недоступен")

    office.outbox = Broken()
    office.assemble()
    office.book()
    assert isinstance(office.send(UID), StoreError)
    assert office.state is EntryState.IN_FLIGHT
    assert "outcome_not_kept" in office.journal.names


# --- Остановка -----------------------------------------------------------------------------------


def test_fatal_trouble_halts_sending_and_keeps_the_record(office: Office) -> None:
    office.book()
    office.crm.trouble("find", Unauthorized("вебхук не принят", "unauthorized"))
    assert office.send(UID) is Outcome.HALTED
    assert office.gate.halted() == Halt("unauthorized", "вебхук не принят", office.clock.now())
    assert (office.entry.state, office.entry.attempts) == (EntryState.PENDING, 0)


def test_halted_sending_touches_neither_the_base_nor_the_portal(office: Office) -> None:
    office.book()
    office.gate.halt(Halt("overload_limit", "REST остановлен", office.clock.now()))
    office.source.failure = DatabaseError("не должны спрашивать")
    assert office.send(UID) is Outcome.HALTED
    assert (office.crm.calls, office.state) == ([], EntryState.PENDING)


# --- Кто держит запись ---------------------------------------------------------------------------


def test_record_in_other_hands_is_left_to_them(office: Office) -> None:
    office.book()
    office.outbox.put([UID], office.clock.now(), timedelta())
    office.outbox.claim(UID, office.clock.now(), timedelta(seconds=100))
    assert office.send_again(UID) is Outcome.NOT_DUE


def test_unknown_record_is_nobodys(office: Office) -> None:
    assert office.send_again("F1_77") is Outcome.NOT_DUE


@pytest.mark.parametrize("name", ["reception:main:1", "phone"])
def test_busy_reception_or_phone_is_tried_a_little_later_without_counting(office: Office, name: str) -> None:
    office.book()
    lock = f"phone:{PHONE_TOKEN}" if name == "phone" else name
    with office.locks.hold(lock, timedelta(minutes=1)):
        error = office.send(UID)
    assert isinstance(error, Postponed)
    assert error.retry_after == office.pace.busy_pause.total_seconds()
    assert (office.entry.state, office.entry.attempts) == (EntryState.PENDING, 0)
    office.clock.advance(seconds=4)
    assert office.send_again(UID) is Outcome.CREATED


def test_lost_lock_writes_nothing(office: Office) -> None:
    office.book()
    office.locks.lost = True
    assert isinstance(office.send(UID), Postponed)
    assert (office.crm.deals, office.crm.contacts) == ({}, {})


def test_lock_lost_while_the_write_waited_for_its_turn_writes_nothing(office: Office) -> None:
    office.book()
    office.crm.waiting = lambda: setattr(office.locks, "lost", True)
    office.send(UID)
    assert (office.crm.deals, office.crm.contacts) == ({}, {})
    assert (office.state, office.entry.attempts) == (EntryState.PENDING, 0)


def test_record_taken_by_another_while_the_write_waited_is_left_to_it(office: Office) -> None:
    office.book()

    def overslept() -> None:
        office.clock.advance(seconds=200)
        assert office.outbox.claim(UID, office.clock.now(), office.pace.lease) is not None

    office.crm.waiting = overslept
    office.send(UID)
    assert (office.crm.deals, office.state) == ({}, EntryState.IN_FLIGHT)


def test_change_that_came_during_the_sending_is_sent_after_it(office: Office) -> None:
    office.book()

    def change() -> None:
        office.book(comment="успели изменить")
        office.outbox.put([UID], office.clock.now(), office.pace.hint_timeout)

    office.crm.meanwhile["create_deal"] = change
    assert office.send(UID) is Outcome.CREATED
    assert office.state is EntryState.PENDING
    assert office.send_again(UID) is Outcome.UPDATED
    assert office.deal(UID).fields["COMMENTS"] == "успели изменить"
