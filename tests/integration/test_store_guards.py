"""Замки, ворота, память, талоны и часы на настоящем Redis."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from services.domain.errors import StoreError
from services.domain.outbox import Halt, Permit
from services.store.bundle import Store
from services.store.clock import RedisClock
from services.store.durability import durability_warnings
from services.store.epoch import RedisEpoch
from services.store.gate import RedisSendGate
from services.store.keeper import Keeper
from services.store.keys import Keys
from services.store.locks import RedisLocks
from services.store.outbox import RedisOutbox
from services.store.pulse import RedisPulse
from services.store.ticks import RedisTicks
from tests.support.node import eventually

KEYS = Keys("t")
NOW = datetime(2024, 12, 30, 12, 0, tzinfo=UTC)
TTL = timedelta(seconds=60)
HALT = Halt("unauthorized", "вебхук не принят", NOW)


@pytest.fixture
def locks(redis_client: redis.Redis) -> RedisLocks:
    """Замки одного процесса."""
    return RedisLocks(redis_client, KEYS)


@pytest.fixture
def others(redis_client: redis.Redis) -> RedisLocks:
    """Замки другого процесса на том же Redis."""
    return RedisLocks(redis_client, KEYS)


def free(locks: RedisLocks, name: str = "x") -> bool:
    """Отвечает, свободен ли замок."""
    with locks.hold(name, TTL) as lease:
        return lease is not None


def after(seconds: float) -> datetime:
    """Возвращает время через столько секунд."""
    return NOW + timedelta(seconds=seconds)


# --- замки ---


def test_a_lock_is_held_by_one_process_and_freed_after(locks: RedisLocks, others: RedisLocks) -> None:
    with locks.hold("x", TTL) as lease:
        assert lease is not None
        assert not free(others)
        assert not free(locks)
    assert free(others)


def test_a_lost_lock_is_noticed_before_the_next_write(locks: RedisLocks, redis_client: redis.Redis) -> None:
    with locks.hold("x", TTL) as lease:
        assert lease is not None
        assert lease.extend()
        redis_client.flushall()
        assert not lease.extend()


def test_a_late_owner_does_not_free_the_lock_of_another(
    locks: RedisLocks, others: RedisLocks, redis_client: redis.Redis
) -> None:
    with locks.hold("x", TTL):
        redis_client.flushall()
        with others.hold("x", TTL) as lease:
            assert lease is not None
            assert lease.extend()
    assert free(locks)


def test_an_unclear_outcome_keeps_the_lock_shut_after_its_owner_left(
    locks: RedisLocks, others: RedisLocks
) -> None:
    with locks.hold("x", TTL) as lease:
        assert lease is not None
        lease.shut(timedelta(seconds=0.4))
    assert not free(locks)
    assert not free(others)
    eventually(lambda: free(others))
    eventually(lambda: free(locks))


def test_the_lock_of_a_dead_process_expires(locks: RedisLocks, others: RedisLocks) -> None:
    abandoned = locks.hold("x", timedelta(seconds=0.3))
    abandoned.__enter__()
    assert not free(others)
    eventually(lambda: free(others))


def test_waiting_for_a_lock_ends_when_it_is_freed(locks: RedisLocks, others: RedisLocks) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.hold("x", TTL):
            holding.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(10)
    threading.Timer(0.2, release.set).start()
    with others.hold("x", TTL, wait=timedelta(seconds=20)) as lease:
        assert lease is not None
    thread.join()


def test_the_one_who_waits_is_woken_and_asks_redis_but_a_few_times(redis_client: redis.Redis) -> None:
    """Приёмы одного телефона ждут друг друга секундами: прежде каждый смотрел двадцать раз в секунду."""
    pauses: list[float] = []

    def pause(freed: threading.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) >= 6:  # дальше — только пробуждение: сам он не вернулся бы
            assert freed.wait(60)

    locks = RedisLocks(redis_client, KEYS, lambda: sum(pauses), pause)
    holding, taken = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.hold("x", TTL):
            holding.set()
            eventually(lambda: len(pauses) == 6)

    def wait() -> None:
        with locks.hold("x", TTL, wait=timedelta(seconds=10)) as lease:
            if lease is not None:
                taken.set()

    threads = [threading.Thread(target=step) for step in (hold, wait)]
    threads[0].start()
    holding.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(30)
    assert taken.is_set()
    assert sum(pauses[:6]) > 1.2, "шести взглядов не хватило и на секунду"


def test_a_lock_from_the_future_is_nobodys(locks: RedisLocks, redis_client: redis.Redis) -> None:
    hour_ahead = int((time.time() + 3600) * 1000)
    redis_client.set(KEYS.lock("x"), f"token {hour_ahead} 60000")
    assert free(locks)


# --- ворота ---


def gate_of(
    redis_client: redis.Redis, mark: Path | None = None, owner: tuple[str, str] = ("", "")
) -> RedisSendGate:
    """Возвращает ворота узла; ``mark`` — его отметка памяти на диске."""
    return RedisSendGate(redis_client, KEYS, RedisEpoch(KEYS, mark, timedelta(seconds=65)), owner)


def test_halt_belongs_to_the_secret(redis_client: redis.Redis) -> None:
    old, new = (gate_of(redis_client, owner=(secret, "portal")) for secret in ("old", "new"))
    old.halt(HALT)
    assert old.halted() == HALT
    assert new.halted() is None


def test_first_reason_of_a_halt_stays(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    gate.halt(HALT)
    gate.halt(Halt("overload_limit", "позже", NOW))
    assert gate.halted() == HALT
    gate.resume()
    assert gate.halted() is None


def test_breaker_opens_after_five_failures_and_rests_longer_and_longer(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    assert [gate.broke(NOW) for _ in range(5)] == [False, False, False, False, True]
    moment, rests = NOW, []
    for _ in range(5):
        wait = gate.retry_in(moment)
        assert wait is not None
        rests.append(round(wait.total_seconds()))
        moment += wait
        assert gate.retry_in(moment) is None
        gate.broke(moment)
    assert rests == [10, 30, 60, 120, 120]


def test_only_one_probes_and_the_others_wait_for_its_outcome(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    for _ in range(5):
        gate.broke(NOW)
    assert gate.retry_in(after(11)) is None
    assert gate.retry_in(after(12)) is not None
    gate.succeeded(after(13))
    assert gate.retry_in(after(13)) is None
    assert gate.last_success() == after(13)


def test_looking_at_the_breaker_takes_no_probe(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    for _ in range(5):
        gate.broke(NOW)
    assert gate.blocked_for(after(5)) is not None
    assert gate.blocked_for(after(11)) is None
    assert gate.blocked_for(after(11)) is None
    assert gate.retry_in(after(11)) is None


def test_a_probe_that_died_with_its_node_is_replaced(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    for _ in range(5):
        gate.broke(NOW)
    assert gate.retry_in(after(11)) is None
    assert gate.retry_in(after(42)) is None


def test_success_between_failures_keeps_the_breaker_shut(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    for _ in range(10):
        assert not gate.broke(NOW)
        gate.succeeded(NOW)


def test_clock_turned_back_does_not_keep_the_breaker_open(redis_client: redis.Redis) -> None:
    gate = gate_of(redis_client)
    for _ in range(5):
        gate.broke(NOW)
    assert gate.retry_in(NOW - timedelta(hours=1)) is None


# --- память ---


def test_first_installation_waits_for_nothing(redis_client: redis.Redis, folder: Path) -> None:
    assert gate_of(redis_client, folder / "a").blocked_for(NOW) is None


def test_wiped_memory_is_waited_out_by_every_node(redis_client: redis.Redis, folder: Path) -> None:
    witness = gate_of(redis_client, folder / "a")
    witness.blocked_for(NOW)
    redis_client.flushall()
    assert witness.blocked_for(NOW) == timedelta(seconds=65)
    assert gate_of(redis_client, folder / "b").blocked_for(after(5)) == timedelta(seconds=60)
    assert witness.blocked_for(after(66)) is None


def test_a_node_that_died_with_redis_learns_of_the_loss_when_it_starts(
    redis_client: redis.Redis, folder: Path
) -> None:
    gate_of(redis_client, folder / "a").blocked_for(NOW)
    redis_client.flushall()
    assert gate_of(redis_client, folder / "a").blocked_for(NOW) == timedelta(seconds=65)


def test_memory_that_is_whole_is_not_waited_out_after_a_restart(
    redis_client: redis.Redis, folder: Path
) -> None:
    gate_of(redis_client, folder / "a").blocked_for(NOW)
    assert gate_of(redis_client, folder / "a").blocked_for(NOW) is None


def test_quarantine_takes_no_probe_and_a_term_from_the_future_is_nobodys(
    redis_client: redis.Redis, folder: Path
) -> None:
    gate = gate_of(redis_client, folder / "a")
    gate.blocked_for(NOW)
    redis_client.flushall()
    for _ in range(5):
        gate.broke(NOW)
    assert gate.retry_in(after(11)) == timedelta(seconds=65)
    assert gate.retry_in(after(76)) is None
    assert gate.retry_in(after(77)) == timedelta(seconds=29)
    redis_client.hset(KEYS.epoch(), "until", after(3600).timestamp())
    assert gate.retry_in(after(106)) is None
    assert gate.retry_in(after(107)) == timedelta(seconds=29)


def test_a_disk_that_cannot_be_written_stops_nothing(redis_client: redis.Redis, folder: Path) -> None:
    (folder / "file").write_text("")
    assert gate_of(redis_client, folder / "file" / "mark").blocked_for(NOW) is None


# --- талоны ---


def test_second_beat_gets_no_ticket_in_the_same_interval(redis_client: redis.Redis) -> None:
    one, two = RedisTicks(redis_client, KEYS), RedisTicks(redis_client, KEYS)
    assert one.issue("extract-F1", timedelta(minutes=2)) is not None
    assert two.issue("extract-F1", timedelta(minutes=2)) is None
    assert two.issue("extract-F2", timedelta(minutes=2)) is not None


def test_a_ticket_works_once(redis_client: redis.Redis) -> None:
    ticks = RedisTicks(redis_client, KEYS)
    ticket = ticks.issue("extract-F1", timedelta(minutes=2))
    assert ticket is not None
    assert ticks.redeem("extract-F1", ticket)
    assert not ticks.redeem("extract-F1", ticket)


def unread(redis_client: redis.Redis, count: int, seconds_ago: float) -> RedisTicks:
    """Возвращает талоны, из которых ``count`` подряд не погашены; последний выдан столько секунд назад."""
    seconds, microseconds = redis_client.time()
    at = int((seconds + microseconds / 1e6 - seconds_ago) * 1000)
    redis_client.hset(KEYS.tick("redrive-F1"), mapping={"ticket": "old", "at": at, "unread": count})
    return RedisTicks(redis_client, KEYS)


@pytest.mark.parametrize(
    ("count", "seconds_ago", "issued"),
    [
        (2, 14, True),
        (3, 26, False),
        (
            3,
            28,
            True,
        ),  # сообщения пропали с убитым узлом: ждать два промежутка, не минуты
        (10, 120, False),
        (10, 123, True),
        (5000, 230, False),
        (5000, 250, True),
    ],
)
def test_unread_tickets_slow_the_schedule_little_by_little(
    redis_client: redis.Redis, count: int, seconds_ago: float, issued: bool
) -> None:
    ticks = unread(redis_client, count, seconds_ago)
    assert (ticks.issue("redrive-F1", timedelta(seconds=15)) is not None) is issued


def test_a_slow_schedule_is_not_hurried_by_the_cap(redis_client: redis.Redis) -> None:
    ticks = unread(redis_client, 50, 3000)
    assert ticks.issue("redrive-F1", timedelta(hours=1)) is None


def test_redeemed_ticket_clears_the_count_of_unread_ones(redis_client: redis.Redis) -> None:
    ticks = unread(redis_client, 10, 300)
    ticket = ticks.issue("redrive-F1", timedelta(seconds=15))
    assert ticket is not None
    assert ticks.redeem("redrive-F1", ticket)
    assert redis_client.hget(KEYS.tick("redrive-F1"), "unread") == "0"


def test_missed_runs_do_not_come_in_a_burst(redis_client: redis.Redis) -> None:
    ticks = RedisTicks(redis_client, KEYS)
    issued = [ticks.issue("extract-F1", timedelta()) for _ in range(3)]
    assert all(issued)
    # Узел стоял: работает только последний.
    assert [ticks.redeem("extract-F1", str(ticket)) for ticket in issued] == [False, False, True]


def test_a_ticket_from_the_future_does_not_silence_the_schedule(redis_client: redis.Redis) -> None:
    ticks = RedisTicks(redis_client, KEYS)
    ticks.issue("extract-F1", timedelta(minutes=2))
    redis_client.hset(KEYS.tick("extract-F1"), "at", int((time.time() + 3600) * 1000))
    assert ticks.issue("extract-F1", timedelta(minutes=2)) is not None


# --- часы и признаки жизни ---


def test_clock_is_that_of_redis(redis_client: redis.Redis) -> None:
    seconds, _ = redis_client.time()
    assert abs(RedisClock(lambda: redis_client).now().timestamp() - seconds) < 5


def test_clock_goes_on_without_redis() -> None:
    ticking = iter(float(second) for second in range(100))
    clock = RedisClock(lambda: redis.Redis(port=1), monotonic=lambda: next(ticking))
    assert clock.now() < clock.now()


def test_pulse_shows_the_age_of_each_node(redis_client: redis.Redis) -> None:
    pulse = RedisPulse(redis_client, KEYS)
    pulse.beat("celery@pc")
    assert pulse.ages()["celery@pc"] < timedelta(seconds=5)


# --- хранитель ---

LEASE = timedelta(seconds=0.3)


class Taken:
    """Взятая запись и её хранитель: аренда короткая, часы настоящие."""

    def __init__(self, redis_client: redis.Redis, longest: timedelta = TTL) -> None:
        self.store, self.clock = Store(redis_client, "t"), RedisClock(lambda: redis_client)
        self.keeper = Keeper(self.store.outbox, self.clock, LEASE, longest)
        self.store.outbox.put(["F1_1"], self.clock.now(), TTL)
        claim = self.store.outbox.claim("F1_1", self.clock.now(), LEASE)
        assert claim is not None
        self.permit = Permit(claim)

    def stolen(self) -> bool:
        """Отвечает, взял ли запись другой."""
        return self.store.outbox.claim("F1_1", self.clock.now(), TTL) is not None


@pytest.fixture
def record(redis_client: redis.Redis) -> Iterator[Taken]:
    """Взятая запись."""
    record = Taken(redis_client)
    yield record
    record.keeper.close()


def test_record_of_a_living_owner_outlives_its_lease_and_is_free_after(record: Taken) -> None:
    with record.keeper.keeping(record.permit):
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert not record.stolen()
            time.sleep(0.05)
    eventually(record.stolen)


class Blinking(RedisOutbox):
    """Очередь, до которой первый раз не достучаться."""

    blinks = 1

    def still_ours(self, permits: Sequence[Permit], now: datetime, lease: timedelta) -> Sequence[bool]:
        """Продлевает взятое."""
        if self.blinks:
            self.blinks -= 1
            raise StoreError("мигнул")
        return super().still_ours(permits, now, lease)


def test_keeper_survives_a_blink_of_redis(record: Taken, redis_client: redis.Redis) -> None:
    blinking = Blinking(redis_client, KEYS)
    keeper = Keeper(blinking, record.clock, LEASE)
    with keeper.keeping(record.permit):
        keeper.extend()
        assert blinking.blinks == 0
        keeper.extend()
        assert not record.stolen()
    keeper.close()


def test_keeper_gives_up_a_lost_record(record: Taken, redis_client: redis.Redis) -> None:
    with record.keeper.keeping(record.permit):
        redis_client.flushall()
        record.store.outbox.put(["F1_1"], record.clock.now(), TTL)
        assert record.stolen()
        record.keeper.extend()
        assert list(record.keeper.holds([record.permit])) == [False]
        record.keeper.extend()


def test_keeper_does_not_keep_a_stuck_owner_for_ever(redis_client: redis.Redis) -> None:
    stuck = Taken(redis_client, longest=timedelta(seconds=0.2))
    with stuck.keeper.keeping(stuck.permit):
        eventually(stuck.stolen)
    stuck.keeper.close()


# --- долговечность ---


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}, []),
        ({"appendonly": "no"}, ["appendonly yes"]),
        ({"appendonly": "yes", "appendfsync": "no"}, ["appendfsync everysec"]),
        ({"appendonly": "yes", "maxmemory-policy": "allkeys-lru"}, ["noeviction"]),
    ],
)
def test_redis_that_may_lose_the_queue_is_named(config: dict[str, str], words: list[str]) -> None:
    warnings = durability_warnings(config)
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))
