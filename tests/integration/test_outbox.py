"""Очередь отправки на настоящем Redis: каждый переход, гонки, перевод часов."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from services.ports import Claim, EntryState
from services.store.keeper import Keeper
from services.store.keys import Keys
from services.store.outbox import RedisOutbox

NOW = datetime(2024, 12, 30, 12, 0, tzinfo=UTC)
LEASE, HINT = timedelta(seconds=100), timedelta(seconds=90)
UID = "F1_1"


@pytest.fixture
def outbox(redis_client: redis.Redis) -> Iterator[RedisOutbox]:
    """Пустая очередь."""
    keeper = Keeper()
    yield RedisOutbox(redis_client, Keys("t"), keeper)
    keeper.close()


def after(seconds: float) -> datetime:
    """Возвращает время через столько секунд."""
    return NOW + timedelta(seconds=seconds)


def put(outbox: RedisOutbox, now: datetime = NOW) -> list[str]:
    """Ставит запись."""
    return list(outbox.put([UID], now, HINT))


def taken(outbox: RedisOutbox, now: datetime = NOW) -> Claim:
    """Берёт запись; она обязана браться."""
    claim = outbox.claim(UID, now, LEASE)
    assert claim is not None
    return claim


def state(outbox: RedisOutbox) -> EntryState | None:
    """Возвращает состояние записи."""
    return next((entry.state for entry in outbox.entries("F1")), None)


def test_new_record_asks_for_one_hint(outbox: RedisOutbox) -> None:
    assert put(outbox) == [UID]
    assert put(outbox) == []
    assert outbox.size("F1") == 1


def test_only_one_of_many_takes_a_record(outbox: RedisOutbox) -> None:
    put(outbox)
    assert [outbox.claim(UID, NOW, LEASE) is not None for _ in range(3)] == [True, False, False]


def test_sent_record_is_gone(outbox: RedisOutbox) -> None:
    put(outbox)
    assert outbox.complete(taken(outbox), NOW)
    assert outbox.size("F1") == 0
    assert outbox.claim(UID, NOW, LEASE) is None


def test_change_that_came_during_a_send_is_sent_after_it(outbox: RedisOutbox) -> None:
    put(outbox)
    claim = taken(outbox)
    put(outbox)
    assert not outbox.complete(claim, NOW)
    assert outbox.due("F1", NOW, HINT, 10) == [UID]
    assert outbox.complete(taken(outbox), NOW)


def test_record_of_a_dead_node_is_taken_when_its_lease_ends(outbox: RedisOutbox) -> None:
    put(outbox)
    dead = taken(outbox)
    assert outbox.due("F1", after(99), HINT, 10) == []
    assert outbox.claim(UID, after(99), LEASE) is None
    assert outbox.due("F1", after(100), HINT, 10) == [UID]
    heir = taken(outbox, after(100))
    assert heir.attempts == 0
    assert not outbox.extend(dead, after(101), LEASE)
    assert not outbox.complete(dead, after(101))
    outbox.fail(dead, after(101), "bug", "опоздал")
    assert state(outbox) is EntryState.IN_FLIGHT


def test_living_owner_is_not_robbed(outbox: RedisOutbox) -> None:
    put(outbox)
    claim = taken(outbox)
    assert outbox.extend(claim, after(90), LEASE)
    assert outbox.claim(UID, after(150), LEASE) is None


def test_postponed_record_keeps_its_term_whatever_is_put(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.postpone(taken(outbox), after(65), "network", "ответ потерян")
    assert put(outbox, after(10)) == []
    assert outbox.claim(UID, after(64), LEASE) is None
    claim = taken(outbox, after(65))
    assert (claim.attempts, claim.version) == (1, 2)


def test_released_record_counts_no_attempt_and_may_be_taken_at_once(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.release(taken(outbox), after(10_000))
    assert taken(outbox).attempts == 0


def test_hint_is_not_repeated_until_its_time(outbox: RedisOutbox) -> None:
    put(outbox)
    assert outbox.due("F1", after(89), HINT, 10) == []
    assert outbox.due("F1", after(90), HINT, 10) == [UID]
    assert outbox.due("F1", after(91), HINT, 10) == []


def test_hint_of_a_retry_is_not_repeated_each_time_either(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.postpone(taken(outbox), after(30), "network", "")
    assert outbox.due("F1", after(30), HINT, 10) == [UID]
    assert outbox.due("F1", after(31), HINT, 10) == []
    assert outbox.claim(UID, after(31), LEASE) is not None


def test_failed_record_leaves_the_schedule_and_waits_for_a_person(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.fail(taken(outbox), after(5), "field_invalid", "сверьте поля")
    assert outbox.due("F1", after(10_000), HINT, 10) == []
    assert outbox.claim(UID, after(10_000), LEASE) is None
    (entry,) = outbox.entries("F1", EntryState.FAILED)
    assert (entry.reason, entry.message, entry.due_at) == ("field_invalid", "сверьте поля", after(5))


def test_changed_reception_gives_a_failed_record_another_chance(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.fail(taken(outbox), NOW, "field_invalid", "")
    assert put(outbox) == [UID]
    assert outbox.entries("F1", EntryState.FAILED) == []


def test_record_failed_by_an_outage_is_not_stirred_by_every_extract(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.fail(taken(outbox), NOW, "network", "нет связи")
    assert put(outbox) == []
    assert state(outbox) is EntryState.FAILED


def test_record_changed_while_failing_starts_anew(outbox: RedisOutbox) -> None:
    put(outbox)
    claim = taken(outbox)
    put(outbox)
    outbox.fail(claim, NOW, "field_invalid", "")
    assert taken(outbox).attempts == 0


def test_requeue_returns_failed_and_postponed_but_not_flying(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2", "F1_3"], NOW, HINT)
    claims = [outbox.claim(f"F1_{number}", NOW, LEASE) for number in (1, 2, 3)]
    failed, postponed, _ = [claim for claim in claims if claim]
    outbox.fail(failed, NOW, "bug", "")
    outbox.postpone(postponed, after(300), "api", "")
    assert outbox.requeue(["F1_1", "F1_2", "F1_3", "F1_4"], NOW) == 2
    assert sorted(outbox.due("F1", NOW, HINT, 10)) == ["F1_1", "F1_2"]


def test_revivals_are_counted_and_a_person_clears_the_count(outbox: RedisOutbox) -> None:
    put(outbox)
    outbox.fail(taken(outbox), NOW, "network", "")
    assert outbox.revive([UID], NOW) == 1
    outbox.fail(taken(outbox), NOW, "network", "")
    assert [entry.revived for entry in outbox.entries("F1")] == [1]
    outbox.requeue([UID], NOW)
    assert [entry.revived for entry in outbox.entries("F1")] == [0]


def test_drop_forgets_failed_only(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(taken(outbox), NOW, "reception_missing", "")
    assert outbox.drop(["F1_1", "F1_2"]) == 1
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_2"]


def test_depth_counts_each_state(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(taken(outbox), NOW, "bug", "")
    depth = outbox.depth("F1")
    assert (depth[EntryState.FAILED], depth[EntryState.PENDING], depth[EntryState.IN_FLIGHT]) == (1, 1, 0)


def test_reset_forgets_the_branch_alone(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F2_1"], NOW, HINT)
    outbox.reset("F1")
    assert (outbox.size("F1"), outbox.size("F2")) == (0, 1)
    assert outbox.claim("F1_1", NOW, LEASE) is None


def test_stray_pointer_without_a_record_is_swept(outbox: RedisOutbox, redis_client: redis.Redis) -> None:
    put(outbox)
    redis_client.delete(Keys("t").entry(UID))
    assert outbox.due("F1", after(100), HINT, 10) == []
    assert outbox.size("F1") == 0


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_clock_turned_back_takes_the_terms_back_with_it(outbox: RedisOutbox, hours: int) -> None:
    put(outbox)
    outbox.postpone(taken(outbox), after(300), "network", "")
    past = NOW - timedelta(hours=hours)
    assert outbox.due("F1", past, HINT, 10) == []
    later = past + timedelta(seconds=301)
    assert outbox.due("F1", later, HINT, 10) == [UID]
    assert outbox.claim(UID, later, LEASE) is not None


def test_term_farther_than_any_is_due_though_nobody_saw_the_clock_turn(
    outbox: RedisOutbox, redis_client: redis.Redis
) -> None:
    put(outbox)
    outbox.postpone(taken(outbox), after(300), "network", "")
    redis_client.delete(Keys("t").clock("F1"))
    past = NOW - timedelta(hours=1)
    assert outbox.due("F1", past, HINT, 10) == [UID]
    assert outbox.claim(UID, past, LEASE) is not None


def test_clock_turned_back_does_not_keep_a_dead_lease(outbox: RedisOutbox) -> None:
    put(outbox)
    taken(outbox)
    assert outbox.claim(UID, NOW - timedelta(minutes=10), LEASE) is not None


def test_clock_turned_back_a_little_takes_the_terms_back_with_it(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.postpone(taken(outbox), after(60), "network", "")
    assert outbox.due("F1", after(10), HINT, 10) == []
    past = after(10) - timedelta(minutes=5)
    assert outbox.due("F1", past, HINT, 10) == []
    assert outbox.claim(UID, past + timedelta(seconds=49), LEASE) is None
    assert outbox.due("F1", past + timedelta(seconds=51), HINT, 10) == [UID]
    assert outbox.claim(UID, past + timedelta(seconds=51), LEASE) is not None
    assert outbox.due("F1", past + timedelta(seconds=81), HINT, 10) == ["F1_2"]


def test_clock_turned_back_before_anyone_went_round_the_queue_is_noticed_too(outbox: RedisOutbox) -> None:
    put(outbox, after(300))
    assert outbox.due("F1", NOW, HINT, 10) == []
    assert outbox.due("F1", after(90), HINT, 10) == [UID]
