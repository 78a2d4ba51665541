"""Расписания повторов: СПЕЦ 3.3.2, ТЗ 3.3.2."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import ApiError, DatabaseError, Family, NetworkError, RetriableError, StoreError
from services.domain.retries import SCHEDULES, GiveUp, RetryIn, plan_retry

ERRORS: list[type[RetriableError]] = [NetworkError, ApiError, DatabaseError, StoreError]
kinds = st.sampled_from(ERRORS)
waits = st.none() | st.floats(0, 7200)


def delay(error: RetriableError, attempts: int) -> timedelta:
    """Возвращает паузу перед повтором; повтор обязан быть."""
    plan = plan_retry(error, attempts)
    assert isinstance(plan, RetryIn)
    return plan.delay


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        pytest.param(NetworkError, [30, 60, 300], id="сеть: 30 с, 1 мин, 5 мин"),
        pytest.param(ApiError, [60, 300, 900], id="портал: 1, 5, 15 мин"),
        pytest.param(DatabaseError, [10, 30, 60], id="база: 10 с, 30 с, 1 мин"),
        pytest.param(StoreError, [10, 30, 60], id="Redis: 10 с, 30 с, 1 мин"),
    ],
)
def test_each_family_has_its_schedule(kind: type[RetriableError], seconds: list[int]) -> None:
    assert [delay(kind("сбой"), attempt).total_seconds() for attempt in range(3)] == seconds


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("attempts", [3, 4, 100])
def test_after_three_retries_the_schedule_is_over(kind: type[RetriableError], attempts: int) -> None:
    assert plan_retry(kind("сбой"), attempts) == GiveUp(kind.family)


def test_every_family_has_a_schedule() -> None:
    assert set(SCHEDULES) == set(Family)


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 60), (5.0, 60), (600.0, 600), (0.0, 60)])
def test_wait_asked_by_the_portal_is_a_lower_bound(retry_after: float | None, seconds: int) -> None:
    assert delay(ApiError("занят", retry_after), 0) == timedelta(seconds=seconds)


@given(kinds, waits, st.integers(0, 2))
def test_retry_is_never_earlier_than_asked_or_scheduled(
    kind: type[RetriableError], retry_after: float | None, attempts: int
) -> None:
    pause = delay(kind("сбой", retry_after), attempts)
    assert pause >= SCHEDULES[kind.family][attempts]
    assert pause >= timedelta(seconds=retry_after or 0)


class Unclear(ApiError):
    """Сбой, после которого вызов может ещё выполняться."""

    unclear = True


def test_unclear_outcome_waits_until_the_portal_is_surely_done() -> None:
    wait = timedelta(seconds=65)
    assert plan_retry(Unclear("сбой"), 0, uncertainty=wait) == RetryIn(wait)
    assert plan_retry(Unclear("сбой"), 1, uncertainty=wait) == RetryIn(timedelta(minutes=5))


def test_clear_refusal_need_not_wait_out_the_doubt() -> None:
    assert plan_retry(NetworkError("сбой"), 0, uncertainty=timedelta(hours=1)) == RetryIn(
        timedelta(seconds=30)
    )


def test_schedules_come_from_the_settings() -> None:
    quick = {**SCHEDULES, Family.API: (timedelta(seconds=1),)}
    assert plan_retry(ApiError("сбой"), 0, quick) == RetryIn(timedelta(seconds=1))
    assert plan_retry(ApiError("сбой"), 1, quick) == GiveUp(Family.API)
