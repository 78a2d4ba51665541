"""Счётчики работы в Redis: по часам, по пяти минутам и за всё время (СПЕЦ 2.6.3)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.store.connection import StorePart, store_errors

KEEP, KEEP_RECENT = timedelta(days=35), timedelta(hours=2)
HOUR, SLOT = "%Y%m%d%H", "%Y%m%d%H%M"
SLOT_LENGTH = timedelta(minutes=5)
GRAND = "grand"


class RedisStats(StorePart):
    """Счётчики филиалов; часы хранятся 35 суток, пятиминутки — два часа."""

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        self._add(branch_id, now, {event: amount})

    def took(self, branch_id: str, seconds: float, waited: float, now: datetime) -> None:
        """Учитывает секунды работы над одной записью и ожидания ею портала (постановление 34)."""
        self._add(branch_id, now, {"seconds": seconds, "waited": waited, "timed": 1})

    def totals(self, branch_id: str, since: datetime, until: datetime) -> Mapping[str, float]:
        """Возвращает суммы событий за часы, начавшиеся в [since, until)."""
        return added(self.hours(branch_id, since, until).values())

    def hours(
        self, branch_id: str, since: datetime, until: datetime
    ) -> Mapping[datetime, Mapping[str, float]]:
        """Возвращает события каждого часа, начавшегося в [since, until); пустых часов нет."""
        hours = list(_steps(_hour_of(since), until, timedelta(hours=1)))
        found = self._read(branch_id, [hour.strftime(HOUR) for hour in hours])
        return {hour: events for hour, events in zip(hours, found, strict=True) if events}

    def last_hour(self, branch_id: str, now: datetime) -> Mapping[str, float]:
        slots = _steps(_slot_of(now - timedelta(hours=1)), now + SLOT_LENGTH, SLOT_LENGTH)
        return added(self._read(branch_id, [slot.strftime(SLOT) for slot in slots]))

    def grand(self, branch_id: str) -> Mapping[str, float]:
        return self._read(branch_id, [GRAND])[0]

    def note(self, branch_id: str, name: str, value: str) -> None:
        with store_errors():
            self._redis.hset(self._keys.notes(branch_id), name, value)

    def notes(self, branch_id: str) -> Mapping[str, str]:
        with store_errors():
            return dict(self._redis.hgetall(self._keys.notes(branch_id)))

    def _add(self, branch_id: str, now: datetime, amounts: Mapping[str, float]) -> None:
        moment = now.astimezone(UTC)
        hour = self._keys.stats(branch_id, moment.strftime(HOUR))
        slot = self._keys.stats(branch_id, _slot_of(moment).strftime(SLOT))
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for event, amount in amounts.items():
                for key in (hour, slot, self._keys.stats(branch_id, GRAND)):
                    pipeline.hincrbyfloat(key, event, amount)
            pipeline.expire(hour, KEEP)
            pipeline.expire(slot, KEEP_RECENT)
            pipeline.execute()

    def _read(self, branch_id: str, parts: Sequence[str]) -> list[dict[str, float]]:
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for part in parts:
                pipeline.hgetall(self._keys.stats(branch_id, part))
            found = pipeline.execute()
        return [{event: float(amount) for event, amount in fields.items()} for fields in found]


def added(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for events in parts:
        for event, amount in events.items():
            total[event] += amount
    return dict(total)


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _slot_of(moment: datetime) -> datetime:
    exact = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return exact - timedelta(minutes=exact.minute % 5)


def _steps(start: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    while start < until:
        yield start
        start += length
