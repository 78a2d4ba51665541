"""Отправка одной записи: отказы, повторы, остановки, чужие руки (ADR 0003, СПЕЦ 3.3.2)."""

from contextlib import suppress
from datetime import timedelta

import pytest

from services.bitrix.responses import (
    AmbiguousAnswer,
    AnswerLost,
    OperationTimeLimit,
    PortalUnreachable,
)
from services.domain.errors import (
    DatabaseError,
    DatabaseResting,
    FatalError,
    RetriableError,
    SkippableError,
    StoreError,
    Withdrawn,
)
from services.domain.fingerprint import failed_mark
from services.domain.outbox import EntryState, Halt, Link
from services.sync.feed import Outcome
from services.sync.sender import BUSY_PAUSE, Postponed
from tests.factories import MINNULLINA
from tests.support.scenarios import PHONE, PHONE_TOKEN, Office

UID = "F1_1"
REFUSED = SkippableError("портал не принял поля", "field_invalid")


@pytest.fixture
def office() -> Office:
    """Филиал."""
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
    return office.feed.judge(1, reception, office.clock.now()).fingerprint  # type: ignore[union-attr]


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


def test_record_failed_by_a_bug_is_not_put_back_by_every_extract(office: Office) -> None:
    office.book()
    office.crm.trouble("find", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        office.send(UID)
    assert list(office.intake.take([1])) == []
    assert office.state is EntryState.FAILED
    office.book(comment="исправлено")
    assert list(office.intake.take([1])) == [UID]


def test_record_that_kills_its_worker_is_given_up_after_five_losses(office: Office) -> None:
    office.book()
    office.put(UID)
    for _ in range(5):
        assert office.outbox.claim(UID, office.clock.now(), office.settings.sync.lease) is not None
        office.clock.advance(seconds=101)
    assert office.send_again(UID) is Outcome.FAILED
    assert (office.entry.reason, office.crm.calls) == ("worker_lost", [])
    assert list(office.intake.take([1])) == []


def test_deal_deleted_by_hand_and_made_again_asks_for_its_plans_too(office: Office) -> None:
    office.crm.deals.pop(office.delivered().deal_id)
    office.book(comment="новое")
    office.appeared.clear()
    assert office.send(UID) is Outcome.CREATED
    assert office.appeared == [1]


def test_update_of_a_known_deal_asks_for_no_plans(office: Office) -> None:
    office.delivered()
    office.book(comment="новое")
    office.appeared.clear()
    office.send(UID)
    assert office.appeared == []


def test_reception_without_services_is_noted_in_the_journal_once(office: Office) -> None:
    """МАП 5.2 № 3: INFO «Заказ не сформирован»."""
    office.book(lines=())
    office.crm.trouble("create_deal", PortalUnreachable("нет связи"))
    office.send(UID)
    office.clock.advance(seconds=31)
    assert office.send_again(UID) is Outcome.CREATED
    (noted,) = [row for row in office.journal.events if row[1] == "services_missing"]
    assert (noted[0], noted[2]["reception"]) == ("info", UID)


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


def test_lost_answer_to_a_creation_is_looked_up_in_seconds_and_finished(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", AnswerLost("обрыв", 65.0), after=True)
    postponed = office.send(UID)
    assert isinstance(postponed, Postponed)
    assert (postponed.retry_after, office.state) == (3, EntryState.DOUBT)
    office.clock.advance(seconds=3)
    assert office.send_again(UID) is Outcome.UPDATED
    assert (len(office.crm.deals), len(office.crm.contacts)) == (1, 1)


@pytest.mark.parametrize("method", ["create_deal", "create_contact"])
def test_creation_that_is_not_seen_is_repeated_only_when_the_portal_has_surely_finished(
    office: Office, method: str
) -> None:
    office.book()
    office.crm.trouble(method, AnswerLost("обрыв", 65.0))
    office.send(UID)
    waits = []
    while (wait := _look(office)) is not None:
        waits.append(wait)
    assert waits == [5, 10, 20, 27]
    assert (len(office.crm.deals), len(office.crm.contacts), office.counted("retried")) == (1, 1, 1)


def _look(office: Office) -> float | None:
    """Смотрит, чем кончилось, в назначенный срок; возвращает, через сколько смотреть снова."""
    office.clock.moment = office.entry.due_at
    outcome = office.send_again(UID)
    assert outcome is Outcome.CREATED or isinstance(outcome, Postponed)
    return outcome.retry_after if isinstance(outcome, Postponed) else None


def test_contact_of_a_lost_answer_takes_the_deal_as_soon_as_it_is_seen(office: Office) -> None:
    office.book()
    office.crm.trouble("create_contact", AnswerLost("обрыв", 65.0), after=True)
    office.send(UID)
    office.clock.advance(seconds=3)
    assert office.send_again(UID) is Outcome.CREATED
    assert len(office.crm.contacts) == 1


def test_phone_of_an_unclear_creation_stays_shut_for_others_until_the_portal_has_finished(
    office: Office,
) -> None:
    first, second = office.book(1), office.book(2)
    office.crm.trouble("create_contact", AnswerLost("обрыв", 65.0))
    office.send(first)
    busy = office.send(second)
    assert isinstance(busy, Postponed)
    assert str(busy) == "телефон занят другой записью"
    assert busy.retry_after == BUSY_PAUSE.total_seconds()
    assert office.crm.contacts == {}
    assert 60_000 < office.redis.pttl(f"t:lock:phone:{PHONE_TOKEN}") <= 65_000


def test_found_contact_serves_another_reception_though_the_phone_is_held(office: Office) -> None:
    office.crm.add_contact("Иванов", "Иван", PHONE)
    office.book()
    with office.locks.hold(f"phone:{PHONE_TOKEN}", timedelta(minutes=1)):
        assert office.send(UID) is Outcome.CREATED


def test_lead_is_left_to_the_one_who_holds_the_phone(office: Office) -> None:
    office.crm.add_contact("Иванов", "Иван", PHONE)
    office.crm.add_lead(PHONE)
    office.book()
    with office.locks.hold(f"phone:{PHONE_TOKEN}", timedelta(minutes=1)):
        assert isinstance(office.send(UID), Postponed)
    assert office.crm.deals == {}


def test_doubt_outlives_everything_that_happens_to_the_record_meanwhile(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", AnswerLost("обрыв", 65.0))
    office.send(UID)
    office.book(phone=None)
    office.put(UID)
    office.clock.advance(seconds=3)
    assert isinstance(office.send_again(UID), Postponed)  # отклонить и забыть нельзя: сделка может появиться
    office.book(phone=PHONE, comment="исправлено")
    office.outbox.requeue([UID], office.clock.now())
    assert isinstance(office.send_again(UID), Postponed)
    assert office.crm.deals == {}
    office.clock.advance(seconds=63)
    assert office.send_again(UID) is Outcome.CREATED


def test_unclear_update_is_not_taken_for_the_delivered_state(office: Office) -> None:
    office.delivered()
    office.book(comment="новое")
    office.crm.trouble("update_deal", AnswerLost("обрыв", 65.0))
    office.send(UID)
    assert office.link(UID) == Link("", 1)
    office.clock.advance(seconds=66)
    office.book()
    assert office.send_again(UID) is Outcome.UPDATED


def test_nothing_is_written_while_an_older_write_may_still_arrive(office: Office) -> None:
    office.delivered()
    office.book(comment="новое")
    office.crm.trouble("update_deal", AnswerLost("обрыв", 65.0))
    office.send(UID)
    office.outbox.requeue([UID], office.clock.now())
    office.crm.calls.clear()
    postponed = office.send_again(UID)
    assert isinstance(postponed, Postponed)
    assert (postponed.retry_after, office.crm.calls) == (65, [])


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


def test_portal_that_answers_with_a_limit_is_not_taken_for_a_dead_one(office: Office) -> None:
    for number in range(1, 8):
        office.book(number, phone=f"+7916000000{number}")
        office.crm.trouble("find", OperationTimeLimit("время метода", 5.0))
    assert all(isinstance(office.send(f"F1_{number}"), Postponed) for number in range(1, 8))
    assert office.gate.blocked_for(office.clock.now()) is None


@pytest.mark.parametrize("case", ["rejected", "unchanged", "database", "foreign"])
def test_probe_is_not_spent_by_a_record_that_never_calls_the_portal(office: Office, case: str) -> None:
    office.delivered()
    others = {
        "rejected": {"phone": None},
        "unchanged": {},
        "database": {"comment": "новое"},
        "foreign": {"order_branch": MINNULLINA.name, "armchair_branch": None},
    }
    for _ in range(5):
        office.gate.broke(office.clock.now())
    office.clock.advance(seconds=10)
    office.book(**others[case])
    office.source.failure = DatabaseError("база не отвечает") if case == "database" else None
    office.send(UID)
    office.source.failure = None
    assert office.gate.retry_in(office.clock.now()) is None


@pytest.mark.parametrize(
    "error", [Withdrawn("узел останавливается"), OperationTimeLimit("время метода", 5.0), ZeroDivisionError()]
)
def test_probe_that_did_not_reach_the_portal_is_given_back(office: Office, error: Exception) -> None:
    for _ in range(5):
        office.gate.broke(office.clock.now())
    office.clock.advance(seconds=10)
    office.book()
    office.crm.trouble("find", error)
    with suppress(ZeroDivisionError):
        office.send(UID)
    assert office.gate.retry_in(office.clock.now()) is None


def test_only_one_probes_the_portal(office: Office) -> None:
    for _ in range(5):
        office.gate.broke(office.clock.now())
    office.clock.advance(seconds=10)
    assert office.gate.retry_in(office.clock.now()) is None
    office.book()
    assert office.send(UID) is Outcome.HALTED
    assert (office.crm.calls, office.entry.attempts) == ([], 0)


def test_absent_redis_is_no_outcome_of_the_record(office: Office) -> None:
    office.book()
    office.crm.trouble("create_deal", StoreError("Redis недоступен"))
    assert isinstance(office.send(UID), StoreError)
    assert office.state is EntryState.IN_FLIGHT
    assert "outcome_not_kept" in office.journal.names


# --- Остановка -----------------------------------------------------------------------------------


def test_fatal_trouble_halts_sending_and_keeps_the_record(office: Office) -> None:
    office.book()
    office.crm.trouble("find", FatalError("вебхук не принят", "unauthorized"))
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
    office.put(UID)
    office.outbox.claim(UID, office.clock.now(), timedelta(seconds=100))
    assert office.send_again(UID) is Outcome.NOT_DUE


def test_unknown_record_is_nobodys(office: Office) -> None:
    assert office.send_again("F1_77") is Outcome.NOT_DUE


def test_busy_phone_is_tried_a_little_later_without_counting(office: Office) -> None:
    office.book()
    with office.locks.hold(f"phone:{PHONE_TOKEN}", timedelta(minutes=1)):
        error = office.send(UID)
    assert isinstance(error, Postponed)
    assert error.retry_after == BUSY_PAUSE.total_seconds()
    assert (office.entry.state, office.entry.attempts) == (EntryState.PENDING, 0)
    office.clock.advance(seconds=4)
    assert office.send_again(UID) is Outcome.CREATED


def test_phone_lost_while_the_write_waited_for_its_turn_writes_nothing(office: Office) -> None:
    office.book()
    office.crm.waiting = office.lose_locks
    assert office.send(UID) is Outcome.HALTED
    assert (office.crm.deals, office.crm.contacts) == ({}, {})
    assert (office.state, office.entry.attempts) == (EntryState.PENDING, 0)


def test_record_taken_by_another_while_the_write_waited_is_left_to_it(office: Office) -> None:
    office.book()

    def overslept() -> None:
        office.clock.advance(seconds=200)
        assert office.outbox.claim(UID, office.clock.now(), office.settings.sync.lease) is not None

    office.crm.waiting = overslept
    office.send(UID)
    assert (office.crm.deals, office.state) == ({}, EntryState.IN_FLIGHT)


def test_change_that_came_during_the_sending_is_sent_after_it(office: Office) -> None:
    office.book()

    def change() -> None:
        office.book(comment="успели изменить")
        office.put(UID)

    office.crm.meanwhile["create_deal"] = change
    assert office.send(UID) is Outcome.CREATED
    assert office.state is EntryState.PENDING
    assert office.send_again(UID) is Outcome.UPDATED
    assert office.deal(UID).fields["COMMENTS"] == "успели изменить"


# --- Время работы (постановление 34) --------------------------------------------------------------


def test_time_at_work_leaves_out_the_wait_for_the_portal(office: Office) -> None:
    def portal_takes_its_time() -> None:
        office.clock.advance(seconds=5)
        office.waited += 4.0

    office.book()
    office.waited = 100.0
    office.crm.meanwhile["create_deal"] = portal_takes_its_time
    assert office.send(UID) is Outcome.CREATED
    assert (office.counted("seconds"), office.counted("waited"), office.counted("timed")) == (1.0, 4.0, 1.0)
