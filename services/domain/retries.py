"""Расписания повторов по семействам ошибок (СПЕЦ 3.3.2, ТЗ 3.3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.domain.errors import Family, RetriableError

SCHEDULES: Mapping[Family, tuple[timedelta, ...]] = {
    Family.NETWORK: (timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=5)),
    Family.API: (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)),
    Family.DATABASE: (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1)),
    Family.STORE: (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1)),
}


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Повторить через ``delay``."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Повторы по расписанию кончились."""

    reason: str


def plan_retry(
    error: RetriableError,
    attempts: int,
    schedules: Mapping[Family, Sequence[timedelta]] = SCHEDULES,
) -> RetryIn | GiveUp:
    """Решает о повторе после ``attempts`` неудач подряд; срок ошибки — нижняя граница."""
    schedule = schedules[error.family]
    if attempts >= len(schedule):
        return GiveUp(error.family)
    return RetryIn(max(schedule[attempts], timedelta(seconds=error.retry_after or 0)))
