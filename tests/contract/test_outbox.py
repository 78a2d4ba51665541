"""Договор Outbox: очередь отправки в Redis и её подделка ведут себя одинаково (docs/at_least_once.md)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.errors import Family
from services.ports import Claim, EntryState, Outbox
from services.store.bundle import Store
from tests.fakes import FakeClock
from tests.fakes_store import FakeOutbox

NOW = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
HINT, LEASE = timedelta(minutes=2), timedelta(seconds=100)
UID = "F1_1"


@pytest.fixture
def outbox(backend: str, request: pytest.FixtureRequest) -> Outbox:
    """Пустая очередь."""
    return FakeOutbox() if backend == "подделка" else request.getfixturevalue("store").outbox


def after(**passed: float) -> datetime:
    """Возвращает время спустя."""
    return NOW + timedelta(**passed)


def claimed(outbox: Outbox, uid: str = UID, now: datetime = NOW) -> Claim:
    """Берёт запись, которая обязана даться."""
    claim = outbox.claim(uid, now, LEASE)
    assert claim is not None
    return claim


def queued(outbox: Outbox, uid: str = UID) -> Claim:
    """Ставит запись и берёт её."""
    outbox.put([uid], NOW, HINT)
    return claimed(outbox, uid)


def state(outbox: Outbox, uid: str = UID) -> EntryState | None:
    """Возвращает состояние записи."""
    found = {entry.uid: entry.state for entry in outbox.entries(uid.partition("_")[0])}
    return found.get(uid)


# --- Постановка ----------------------------------------------------------------------------------


def test_new_record_needs_a_hint(outbox: Outbox) -> None:
    assert list(outbox.put(["F1_1", "F1_2"], NOW, HINT)) == ["F1_1", "F1_2"]
    assert state(outbox) is EntryState.PENDING


def test_hinted_record_needs_no_second_hint(outbox: Outbox) -> None:
    outbox.put([UID], NOW, HINT)
    assert list(outbox.put([UID], after(minutes=1), HINT)) == []


def test_record_on_its_way_needs_no_hint_but_gets_a_new_version(outbox: Outbox) -> None:
    claim = queued(outbox)
    assert list(outbox.put([UID], NOW, HINT)) == []
    assert outbox.complete(claim, NOW) is False
    assert state(outbox) is EntryState.PENDING
    assert claimed(outbox).version == claim.version + 1


def test_new_change_starts_a_record_failed_by_its_own_fault_anew(outbox: Outbox) -> None:
    outbox.fail(queued(outbox), after(seconds=1), "field_invalid", "сверьте поля")
    assert list(outbox.put([UID], after(seconds=2), HINT)) == [UID]
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts, entry.reason, entry.message) == (EntryState.PENDING, 0, "", "")
    assert entry.queued_at == NOW


def test_new_change_of_a_postponed_record_waits_for_its_time(outbox: Outbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=15), "api", "портал отказал")
    assert list(outbox.put([UID], after(seconds=1), HINT)) == []
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts, entry.reason) == (EntryState.RETRY, 1, "api")
    assert outbox.claim(UID, after(minutes=14), LEASE) is None
    assert claimed(outbox, now=after(minutes=15)).version == 2


@pytest.mark.parametrize("family", Family)
def test_new_change_of_a_record_failed_for_a_temporary_reason_waits_for_its_cure(
    outbox: Outbox, family: Family
) -> None:
    outbox.fail(queued(outbox), NOW, family, "портал отказал")
    assert list(outbox.put([UID], after(seconds=1), HINT)) == []
    assert state(outbox) is EntryState.FAILED


def test_nothing_put_is_nothing_changed(outbox: Outbox) -> None:
    assert list(outbox.put([], NOW, HINT)) == []
    assert list(outbox.entries("F1")) == []


# --- Отправка ------------------------------------------------------------------------------------


def test_unknown_record_cannot_be_claimed(outbox: Outbox) -> None:
    assert outbox.claim(UID, NOW, LEASE) is None


def test_record_is_claimed_by_one_only(outbox: Outbox) -> None:
    claim = queued(outbox)
    assert (claim.uid, claim.version, claim.attempts) == (UID, 1, 0)
    assert outbox.claim(UID, after(seconds=99), LEASE) is None


def test_lost_lease_may_be_claimed_again_and_is_not_the_fault_of_the_record(outbox: Outbox) -> None:
    first = queued(outbox)
    second = claimed(outbox, now=after(seconds=101))
    assert (second.attempts, second.token != first.token) == (0, True)


def test_lease_is_kept_while_its_owner_works(outbox: Outbox) -> None:
    claim = queued(outbox)
    with outbox.kept(claim, FakeClock(NOW), LEASE):
        assert outbox.claim(UID, after(seconds=99), LEASE) is None
    assert outbox.complete(claim, NOW) is True


def test_extended_lease_is_kept(outbox: Outbox) -> None:
    claim = queued(outbox)
    assert outbox.extend(claim, after(seconds=90), LEASE) is True
    assert outbox.claim(UID, after(seconds=101), LEASE) is None


def test_sent_record_is_gone(outbox: Outbox) -> None:
    assert outbox.complete(queued(outbox), NOW) is True
    assert list(outbox.entries("F1")) == []
    assert outbox.claim(UID, NOW, LEASE) is None


def test_late_owner_changes_nothing(outbox: Outbox) -> None:
    late = queued(outbox)
    owner = claimed(outbox, now=after(seconds=101))
    assert outbox.extend(late, after(seconds=102), LEASE) is False
    assert outbox.complete(late, after(seconds=102)) is False
    outbox.fail(late, after(seconds=102), "bug", "поздно")
    outbox.postpone(late, after(hours=1), "api", "поздно")
    outbox.release(late, after(hours=1))
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.reason, entry.attempts) == (EntryState.IN_FLIGHT, "", 0)
    assert outbox.complete(owner, after(seconds=103)) is True


def test_owner_of_a_finished_record_changes_nothing(outbox: Outbox) -> None:
    claim = queued(outbox)
    outbox.complete(claim, NOW)
    outbox.fail(claim, NOW, "bug", "поздно")
    assert outbox.extend(claim, NOW, LEASE) is False
    assert list(outbox.entries("F1")) == []


# --- Повторы -------------------------------------------------------------------------------------


def test_postponed_record_waits_for_its_time_and_counts_the_attempt(outbox: Outbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=5), "api", "портал занят")
    assert outbox.claim(UID, after(minutes=4), LEASE) is None
    (entry,) = outbox.entries("F1", EntryState.RETRY)
    assert (entry.attempts, entry.reason, entry.message) == (1, "api", "портал занят")
    assert entry.due_at == after(minutes=5)
    assert claimed(outbox, now=after(minutes=5)).attempts == 1


def test_released_record_counts_no_attempt(outbox: Outbox) -> None:
    outbox.release(queued(outbox), after(seconds=3))
    assert state(outbox) is EntryState.PENDING
    assert claimed(outbox, now=after(seconds=3)).attempts == 0


def test_failed_record_waits_for_a_person(outbox: Outbox) -> None:
    outbox.fail(queued(outbox), NOW, "field_invalid", "сверьте поля")
    assert outbox.claim(UID, after(days=1), LEASE) is None
    assert list(outbox.due("F1", after(days=1), HINT, 10)) == []
    (entry,) = outbox.entries("F1", EntryState.FAILED)
    assert (entry.reason, entry.message, entry.attempts) == ("field_invalid", "сверьте поля", 1)


def test_change_that_came_during_the_failed_sending_is_sent(outbox: Outbox) -> None:
    claim = queued(outbox)
    outbox.put([UID], NOW, HINT)
    outbox.fail(claim, after(seconds=5), "field_invalid", "сверьте поля")
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts) == (EntryState.PENDING, 0)
    assert list(outbox.due("F1", after(seconds=5), HINT, 10)) == [UID]


@pytest.mark.parametrize("put_off", ["postpone", "fail"])
def test_requeued_record_is_sent_at_once_and_from_zero(outbox: Outbox, put_off: str) -> None:
    getattr(outbox, put_off)(queued(outbox), after(hours=1), "api", "портал занят")
    assert outbox.requeue([UID, "F1_99"], after(minutes=1)) == 1
    assert list(outbox.due("F1", after(minutes=1), HINT, 10)) == [UID]
    assert claimed(outbox, now=after(minutes=1)).attempts == 0


def test_record_is_revived_when_its_reason_is_gone_and_revivals_are_counted(outbox: Outbox) -> None:
    for _ in range(2):
        outbox.put([UID], NOW, HINT)
        outbox.fail(claimed(outbox), NOW, "api", "портал отказал")
        assert outbox.revive([UID], after(minutes=1)) == 1
    assert [entry.revived for entry in outbox.entries("F1")] == [2]
    outbox.fail(claimed(outbox), NOW, "api", "портал отказал")
    outbox.requeue([UID], after(minutes=2))
    assert [entry.revived for entry in outbox.entries("F1")] == [0]


def test_only_failed_records_are_dropped(outbox: Outbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_1"), NOW, "field_invalid", "")
    assert outbox.drop(["F1_1", "F1_2", "F1_3"]) == 1
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_2"]


def test_waiting_and_travelling_records_are_not_requeued(outbox: Outbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    claimed(outbox, "F1_2")
    assert outbox.requeue(["F1_1", "F1_2"], NOW) == 0


def test_long_message_is_cut(outbox: Outbox) -> None:
    outbox.fail(queued(outbox), NOW, "bug", "ы" * 2000)
    assert len(outbox.entries("F1")[0].message) == 500


# --- Чьё время пришло ----------------------------------------------------------------------------


def test_hinted_record_is_due_when_its_hint_was_lost(outbox: Outbox) -> None:
    outbox.put([UID], NOW, HINT)
    assert list(outbox.due("F1", after(seconds=119), HINT, 10)) == []
    assert list(outbox.due("F1", after(seconds=120), HINT, 10)) == [UID]
    assert list(outbox.due("F1", after(seconds=121), HINT, 10)) == []


def test_record_of_a_killed_node_is_due_after_its_lease(outbox: Outbox) -> None:
    queued(outbox)
    assert list(outbox.due("F1", after(seconds=99), HINT, 10)) == []
    assert list(outbox.due("F1", after(seconds=100), HINT, 10)) == [UID]


def test_postponed_record_is_due_in_its_time(outbox: Outbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=5), "api", "")
    assert list(outbox.due("F1", after(minutes=5), HINT, 10)) == [UID]
    assert list(outbox.due("F1", after(minutes=6), HINT, 10)) == []


def test_due_records_come_by_their_time_and_not_more_than_asked(outbox: Outbox) -> None:
    for number, minutes in ((1, 3), (2, 1), (3, 2)):
        outbox.postpone(queued(outbox, f"F1_{number}"), after(minutes=minutes), "api", "")
    assert list(outbox.due("F1", after(minutes=9), HINT, 2)) == ["F1_2", "F1_3"]


def test_branches_are_apart(outbox: Outbox) -> None:
    outbox.put(["F1_1", "F2_1"], NOW, HINT)
    assert list(outbox.due("F2", after(minutes=5), HINT, 10)) == ["F2_1"]
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_1"]
    assert sum(outbox.depth("F2").values()) == 1


# --- Что видит администратор ---------------------------------------------------------------------


def test_entries_come_in_the_order_of_queueing(outbox: Outbox) -> None:
    outbox.put(["F1_9"], NOW, HINT)
    outbox.put(["F1_1"], after(seconds=1), HINT)
    outbox.put(["F1_9"], after(seconds=2), HINT)
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_9", "F1_1"]
    assert [entry.uid for entry in outbox.entries("F1", limit=1)] == ["F1_9"]


def test_depth_counts_every_state(outbox: Outbox) -> None:
    outbox.put([f"F1_{number}" for number in range(1, 5)], NOW, HINT)
    claimed(outbox, "F1_1")
    outbox.postpone(claimed(outbox, "F1_2"), after(minutes=1), "api", "")
    outbox.fail(claimed(outbox, "F1_3"), NOW, "bug", "")
    assert outbox.depth("F1") == dict.fromkeys(EntryState, 1)
    assert outbox.depth("F9") == dict.fromkeys(EntryState, 0)
    assert (outbox.size("F1"), outbox.size("F9")) == (4, 0)


def test_failed_records_come_in_the_order_of_failure(outbox: Outbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_2"), after(seconds=1), "bug", "")
    outbox.fail(claimed(outbox, "F1_1"), after(seconds=2), "bug", "")
    found = outbox.entries("F1", EntryState.FAILED)
    assert [(entry.uid, entry.due_at) for entry in found] == [
        ("F1_2", after(seconds=1)),
        ("F1_1", after(seconds=2)),
    ]


def test_reset_forgets_the_queue_of_one_branch(outbox: Outbox) -> None:
    outbox.put(["F1_1", "F1_2", "F2_1"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_1"), NOW, "bug", "")
    outbox.reset("F1")
    assert (outbox.size("F1"), outbox.size("F2")) == (0, 1)
    assert outbox.claim("F1_2", NOW, LEASE) is None
    assert list(outbox.due("F1", after(hours=1), HINT, 10)) == []


# --- Любая последовательность --------------------------------------------------------------------

#: Шаги, которым нужна взятая запись, и прочие.
OWNED: dict[str, Callable[[Outbox, Claim, datetime], object]] = {
    "complete": lambda outbox, claim, now: outbox.complete(claim, now),
    "extend": lambda outbox, claim, now: outbox.extend(claim, now, LEASE),
    "postpone": lambda outbox, claim, now: outbox.postpone(claim, now + timedelta(minutes=1), "api", ""),
    "release": lambda outbox, claim, now: outbox.release(claim, now + timedelta(seconds=3)),
    "fail": lambda outbox, claim, now: outbox.fail(claim, now, "bug", ""),
    "give_up": lambda outbox, claim, now: outbox.fail(claim, now, "network", ""),
}
FREE: dict[str, Callable[[Outbox, str, datetime], object]] = {
    "put": lambda outbox, uid, now: list(outbox.put([uid], now, HINT)),
    "due": lambda outbox, uid, now: list(outbox.due("F1", now, HINT, 2)),
    "requeue": lambda outbox, uid, now: outbox.requeue([uid], now),
    "revive": lambda outbox, uid, now: outbox.revive([uid], now),
    "drop": lambda outbox, uid, now: outbox.drop([uid]),
    "wait": lambda outbox, uid, now: None,
}
STEPS = st.lists(st.tuples(st.sampled_from(["claim", *OWNED, *FREE]), st.integers(1, 3)), max_size=30)


@given(STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_the_fake_agree_on_any_sequence(store: Store, steps: list[tuple[str, int]]) -> None:
    store.redis.flushall()
    assert walk(store.outbox, steps) == walk(FakeOutbox(), steps)


def walk(outbox: Outbox, steps: list[tuple[str, int]]) -> list[object]:
    """Проходит шаги и возвращает всё, что было видно."""
    now, claims, seen = NOW, dict[str, Claim](), list[object]()
    for step, number in steps:
        uid = f"F1_{number}"
        now += timedelta(seconds=50 if step == "wait" else 1)
        seen.append(walked(outbox, step, uid, now, claims))
        seen.append(list(outbox.entries("F1")) + list(outbox.entries("F1", EntryState.FAILED)))
    return seen


def walked(outbox: Outbox, step: str, uid: str, now: datetime, claims: dict[str, Claim]) -> object:
    """Делает шаг; жетоны у очередей свои, и их не сравнивают."""
    if step in FREE:
        return FREE[step](outbox, uid, now)
    if step == "claim" and (claim := outbox.claim(uid, now, LEASE)) is not None:
        claims[uid] = claim
        return claim.version, claim.attempts
    return OWNED[step](outbox, claims[uid], now) if step in OWNED and uid in claims else None


def test_thousand_records_wait_in_the_queue_and_none_is_lost(outbox: Outbox) -> None:
    """ТЗ 4.1 № 3: глубина очереди — до 1000 записей; дальше она лишь предупреждает."""
    uids = [f"F1_{number}" for number in range(1, 1101)]
    assert sorted(outbox.put(uids, NOW, HINT)) == sorted(uids)
    assert outbox.size("F1") == len(uids)
    assert {entry.uid for entry in outbox.entries("F1", limit=len(uids))} == set(uids)
