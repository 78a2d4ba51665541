"""Предел запросов на настоящем Redis: один на все процессы (ТЗ 11.1, ADR 0004)."""

import subprocess
import sys
import time
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from demo.broker import free_port
from services.bitrix.limiter import LONGEST_DEBT, AheadOfQueue, RedisRateLimiter, limiter_key
from services.bitrix.responses import PortalUnreachable
from services.domain.budget import Budget
from services.domain.errors import StoreError
from tests.fakes_bitrix import FakeLimiter
from tests.support.redis_process import RedisProcess

ROOT = Path(__file__).resolve().parents[3]
#: Секунды, которые занятая машина вправе потратить между вызовами.
SLACK = 30.0

#: Когда запрос уйдёт: не раньше и не позже (вызов Redis длится, и точный миг неизвестен).
Moment = tuple[float, float]

WORKER = """
import sys, time
from redis import Redis
from services.bitrix.limiter import RedisRateLimiter
redis = Redis(port=int(sys.argv[1]), decode_responses=True)
limiter = RedisRateLimiter(redis, "shared", float(sys.argv[2]), int(sys.argv[3]))
for _ in range(int(sys.argv[4])):
    before = time.perf_counter()
    wait = limiter.reserve()
    print(before + wait, time.perf_counter() + wait)
"""


def reserved(limiter: RedisRateLimiter, count: int) -> list[Moment]:
    """Занимает сроки и возвращает, когда по ним уйдут запросы."""
    moments = []
    for _ in range(count):
        before = time.perf_counter()
        wait = limiter.reserve()
        moments.append((before + wait, time.perf_counter() + wait))
    return moments


def most_over_the_limit(moments: list[Moment], rate: float, burst: int) -> float:
    """Возвращает, на сколько запросов самое плотное окно превысило ``rate · t + burst``.

    Окно длится до самого позднего из своих мигов: на занятой машине долгий вызов кончается позже соседей.
    """
    ordered = sorted(moments)
    excess = [
        count - (rate * (latest - ordered[first][0]) + burst)
        for first in range(len(ordered))
        for count, latest in enumerate(accumulate((end for _, end in ordered[first:]), max), 1)
    ]
    return max(excess)


def test_burst_leaves_at_once_and_the_rest_at_the_rate(redis_client: Redis) -> None:
    limiter = RedisRateLimiter(redis_client, "k", rate=0.01, burst=3)
    waits = [limiter.reserve() for _ in range(6)]
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert waits[3:] == pytest.approx([100, 200, 300], abs=SLACK)


@given(rate=st.floats(0.2, 50), burst=st.integers(1, 50), count=st.integers(1, 50))
@settings(max_examples=40)
def test_no_window_ever_holds_more_than_the_rate_and_the_burst(
    redis_process: RedisProcess, rate: float, burst: int, count: int
) -> None:
    with redis_process.client() as client:
        client.flushall()
        moments = reserved(RedisRateLimiter(client, "k", rate, burst), count)
    assert most_over_the_limit(moments, rate, burst) <= 1e-6


@given(rate=st.floats(0.2, 50), burst=st.integers(1, 20), count=st.integers(2, 50))
@settings(max_examples=20)
def test_limit_is_used_in_full(redis_process: RedisProcess, rate: float, burst: int, count: int) -> None:
    with redis_process.client() as client:
        client.flushall()
        limiter = RedisRateLimiter(client, "k", rate, burst)
        waits = [limiter.reserve() for _ in range(count)]
    assert waits[-1] <= max(0.0, (count - burst) / rate) + count * 1e-5


def test_two_processes_share_one_limit(redis_process: RedisProcess) -> None:
    rate, burst, count = 20.0, 5, 100
    with redis_process.client() as client:
        client.flushall()
    arguments = [str(redis_process.port), str(rate), str(burst), str(count)]
    command = [sys.executable, "-c", WORKER, *arguments]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    outputs = [worker.communicate(timeout=60)[0] for worker in workers]
    moments = [
        (float(first), float(last))
        for text in outputs
        for first, last in [line.split() for line in text.splitlines()]
    ]
    assert len(moments) == 2 * count
    assert most_over_the_limit(moments, rate, burst) <= 1e-6


def test_slots_are_given_in_order_of_asking(redis_client: Redis) -> None:
    first, second = (RedisRateLimiter(redis_client, "k", rate=2, burst=1) for _ in range(2))
    moments = [moment for _ in range(5) for limiter in (first, second) for moment in reserved(limiter, 1)]
    assert moments == sorted(moments)


def test_pause_moves_every_following_slot(redis_client: Redis) -> None:
    limiter = RedisRateLimiter(redis_client, "k", rate=0.01, burst=1)
    limiter.freeze(300.0)
    waits = [limiter.reserve() for _ in range(2)]
    assert waits == pytest.approx([300, 400], abs=SLACK)


def test_saved_up_slots_are_not_spent_within_a_pause(redis_client: Redis) -> None:
    limiter = RedisRateLimiter(redis_client, "k", rate=0.01, burst=5)
    limiter.freeze(300.0)
    waits = [limiter.reserve() for _ in range(2)]
    assert waits == pytest.approx([300, 400], abs=SLACK)


def test_shorter_pause_does_not_cancel_a_longer_one(redis_client: Redis) -> None:
    limiter = RedisRateLimiter(redis_client, "k", rate=0.01, burst=1)
    limiter.freeze(300.0)
    limiter.freeze(1.0)
    assert limiter.reserve() == pytest.approx(300, abs=SLACK)


def test_clock_of_redis_set_back_stops_nobody_for_long(redis_client: Redis) -> None:
    seconds, _ = redis_client.time()
    redis_client.set("k", str((int(seconds) + 86_400) * 1_000_000))
    limiter = RedisRateLimiter(redis_client, "k", rate=2, burst=1)
    assert limiter.reserve() == 0.0
    redis_client.set("k", str((int(seconds) + 86_400) * 1_000_000))
    limiter.freeze(30.0)
    assert limiter.reserve() == pytest.approx(30, abs=SLACK)


def test_without_redis_nothing_may_be_sent() -> None:
    with Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as nobody:
        limiter = RedisRateLimiter(nobody, "k", rate=2, burst=1)
        with pytest.raises(StoreError, match="Redis недоступен"):
            limiter.reserve()
        with pytest.raises(StoreError):
            limiter.freeze(1.0)


def test_key_names_the_portal_by_a_print_only() -> None:
    keys = {limiter_key("ident", portal) for portal in ("a.bitrix24.ru", "b.bitrix24.ru")}
    assert len(keys) == 2
    assert not any("bitrix24" in key for key in keys)


def test_clock_turned_back_takes_the_queue_back_with_it(redis_client: Redis) -> None:
    limiter = RedisRateLimiter(redis_client, "back", 0.01, 1)
    reserved(limiter, 2)
    full, seen = map(int, str(redis_client.get("back")).split())
    hour = 3600 * 1_000_000
    redis_client.set("back", f"{full + hour} {seen + hour}")
    assert limiter.reserve() == pytest.approx(200, abs=SLACK)


# --- Вопрос человека вне очереди ------------------------------------------------------------------


def ahead(*waits: float, budget: int = 10) -> tuple[AheadOfQueue, FakeLimiter]:
    """Собирает предел человека поверх занятого обменом."""
    limiter = FakeLimiter(*waits)
    return AheadOfQueue(limiter, Budget(budget, 0.0, lambda: 0.0)), limiter


def test_person_takes_a_place_in_the_limit_but_does_not_wait_for_it() -> None:
    limit, shared = ahead(4.0, 4.5)
    assert [limit.reserve(), limit.reserve()] == [0.0, 0.0]
    assert shared.reserved == 2


def test_person_waits_like_everyone_after_the_portal_refused() -> None:
    limit, shared = ahead(4.0, 6.0, 0.5)
    limit.reserve()
    limit.freeze(2.0)
    assert [limit.reserve(), limit.reserve()] == [6.0, 0.0]
    assert shared.frozen == [2.0]


def test_person_is_refused_when_the_portal_is_flooded() -> None:
    limit, _ = ahead(LONGEST_DEBT + 0.1)
    with pytest.raises(PortalUnreachable):
        limit.reserve()


def test_empty_budget_of_people_takes_no_place_of_the_sync() -> None:
    limit, shared = ahead(budget=1)
    limit.reserve()
    with pytest.raises(PortalUnreachable):
        limit.reserve()
    assert shared.reserved == 1
