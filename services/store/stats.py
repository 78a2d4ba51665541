"""Счётчики работы в Redis: по часам, по пяти минутам и за всё время (СПЕЦ 2.6.3)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.store.connection import RedisClient, StorePart, store_errors
from services.store.keys import Keys

KEEP, KEEP_RECENT = timedelta(days=35), timedelta(hours=2)
HOUR, SLOT = "%Y%m%d%H", "%Y%m%d%H%M"
SLOT_LENGTH = timedelta(minutes=5)
GRAND = "grand"

# KEYS: час, пятиминутка, всё время; ARGV: сколько хранить первые два, мс, затем событие и сколько прибавить.
ADD = """
for i = 3, #ARGV, 2 do
  for _, key in ipairs(KEYS) do redis.call('HINCRBYFLOAT', key, ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
"""


class RedisStats(StorePart):
    """Счётчики филиалов; часы хранятся 35 суток, пятиминутки — два часа."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        super().__init__(redis, keys)
        self._script = redis.register_script(ADD)

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        self.add(branch_id, {event: amount}, now)

    def add(self, branch_id: str, amounts: Mapping[str, float], now: datetime) -> None:
        """Прибавляет к счётчикам; об обработанной записи — всё одним обращением."""
        moment = now.astimezone(UTC)
        parts = moment.strftime(HOUR), _slot_of(moment).strftime(SLOT), GRAND
        kept = [int(period.total_seconds() * 1000) for period in (KEEP, KEEP_RECENT)]
        added = [value for pair in amounts.items() for value in pair]
        with store_errors():
            self._script(keys=[self._keys.stats(branch_id, part) for part in parts], args=[*kept, *added])

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
