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
    uncertainty: timedelta | None = None,
) -> RetryIn | GiveUp:
    """Решает о повторе после ``attempts`` неудач подряд; срок ошибки — нижняя граница.

    Неясный исход ждёт не меньше ``uncertainty``: пока портал не доделает начатое.
    """
    schedule = schedules[error.family]
    if attempts >= len(schedule):
        return GiveUp(error.family)
    asked = timedelta(seconds=error.retry_after or 0)
    floor = uncertainty if error.unclear and uncertainty is not None else asked
    return RetryIn(max(schedule[attempts], floor))
