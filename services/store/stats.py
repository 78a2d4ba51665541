"""Счётчики работы по часам в Redis (СПЕЦ 2.6.3)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

KEEP = timedelta(days=35)
HOUR = "%Y%m%d%H"


class RedisStats:
    """Счётчики филиалов; хранятся 35 суток."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        """Прибавляет событие."""
        self._add(branch_id, now, {event: amount})

    def took(self, branch_id: str, seconds: float, now: datetime) -> None:
        """Учитывает длительность обработки одной записи."""
        self._add(branch_id, now, {"seconds": seconds, "timed": 1})

    def totals(self, branch_id: str, since: datetime, until: datetime) -> Mapping[str, float]:
        """Возвращает суммы событий за часы, начавшиеся в [since, until)."""
        total: Counter[str] = Counter()
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for hour in _hours(since, until):
                pipeline.hgetall(self._keys.stats(branch_id, hour))
            hours = pipeline.execute()
        for fields in hours:
            for event, amount in fields.items():
                total[event] += float(amount)  # type: ignore[assignment]  # Counter складывает и дробные
        return dict(total)

    def note(self, branch_id: str, name: str, value: str) -> None:
        """Записывает состояние филиала."""
        with store_errors():
            self._redis.hset(self._keys.notes(branch_id), name, value)

    def notes(self, branch_id: str) -> Mapping[str, str]:
        """Возвращает состояние филиала."""
        with store_errors():
            return dict(self._redis.hgetall(self._keys.notes(branch_id)))

    def _add(self, branch_id: str, now: datetime, amounts: Mapping[str, float]) -> None:
        key = self._keys.stats(branch_id, now.astimezone(UTC).strftime(HOUR))
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for event, amount in amounts.items():
                pipeline.hincrbyfloat(key, event, amount)
            pipeline.expire(key, KEEP)
            pipeline.execute()


def _hours(since: datetime, until: datetime) -> Iterator[str]:
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < until:
        yield hour.strftime(HOUR)
        hour += timedelta(hours=1)
