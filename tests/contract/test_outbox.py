"""Договор Outbox: очередь отправки в Redis и её подделка ведут себя одинаково (design 2.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ports import Claim, EntryState, Outbox
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


@pytest.mark.parametrize("put_off", ["postpone", "fail"])
def test_new_change_starts_a_put_off_record_anew(outbox: Outbox, put_off: str) -> None:
    claim = queued(outbox)
    getattr(outbox, put_off)(claim, after(minutes=15), "api", "портал отказал")
    assert list(outbox.put([UID], after(seconds=1), HINT)) == [UID]
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts, entry.reason, entry.message) == (EntryState.PENDING, 0, "", "")
    assert entry.queued_at == NOW


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


def test_lost_lease_may_be_claimed_again_and_counts_as_an_attempt(outbox: Outbox) -> None:
    first = queued(outbox)
    second = claimed(outbox, now=after(seconds=101))
    assert (second.attempts, second.token != first.token) == (1, True)


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
    assert (entry.state, entry.reason, entry.attempts) == (EntryState.IN_FLIGHT, "", 1)
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


# --- Любая последовательность --------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "claim", "complete", "postpone", "release", "fail", "due", "requeue", "wait"]
        ),
        st.integers(1, 3),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_the_fake_agree_on_any_sequence(
    request: pytest.FixtureRequest, steps: list[tuple[str, int]]
) -> None:
    store = request.getfixturevalue("store")
    store.redis.flushall()
    assert walk(store.outbox, steps) == walk(FakeOutbox(), steps)


def walk(outbox: Outbox, steps: list[tuple[str, int]]) -> list[object]:
    """Проходит шаги и возвращает всё, что было видно."""
    now, claims, seen = NOW, dict[str, Claim](), list[object]()
    for step, number in steps:
        uid = f"F1_{number}"
        now += timedelta(seconds=50 if step == "wait" else 1)
        seen.append(_step(outbox, step, uid, now, claims))
        seen.append(
            [
                (e.uid, e.state, e.attempts, e.version, e.queued_at, e.due_at, e.reason)
                for e in outbox.entries("F1")
            ]
        )
    return seen


def _step(outbox: Outbox, step: str, uid: str, now: datetime, claims: dict[str, Claim]) -> object:
    match step:
        case "put":
            return list(outbox.put([uid], now, HINT))
        case "claim":
            claim = outbox.claim(uid, now, LEASE)
            claims |= {uid: claim} if claim else {}
            return claim and (claim.version, claim.attempts)
        case "due":
            return list(outbox.due("F1", now, HINT, 2))
        case "requeue":
            return outbox.requeue([uid], now)
    if uid not in claims:
        return None
    match step:
        case "complete":
            return outbox.complete(claims[uid], now)
        case "postpone":
            outbox.postpone(claims[uid], now + timedelta(minutes=1), "api", "")
        case "release":
            outbox.release(claims[uid], now + timedelta(seconds=3))
        case "fail":
            outbox.fail(claims[uid], now, "bug", "")
    return None
