"""Можно ли слать на портал: остановка по решению (Fatal) и предохранитель при сбоях связи (design 2.4)."""

from datetime import datetime, timedelta

from services.ports import Halt
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

THRESHOLD = 5
PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=1)

# KEYS: breaker; ARGV: now, порог, пауза, наибольшая пауза.
# Удар во время паузы — отголосок уже летевших запросов: паузу он не удлиняет.
BROKE = """
local now = tonumber(ARGV[1])
if now < tonumber(redis.call('HGET', KEYS[1], 'open_until') or '0') then return end
local breaks = redis.call('HINCRBY', KEYS[1], 'breaks', 1)
if breaks < tonumber(ARGV[2]) then return end
local pause = math.min(tonumber(ARGV[3]) * 2 ^ math.min(breaks - ARGV[2], 10), tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], 'open_until', tostring(now + pause))
"""

# KEYS: breaker; ARGV: now, срок пробы. Первому после паузы — проба (0), остальным — сколько ждать.
RETRY_IN = """
local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until') or '0')
if open_until == 0 then return '-1' end
local now = tonumber(ARGV[1])
if now < open_until then return tostring(open_until - now) end
redis.call('HSET', KEYS[1], 'open_until', tostring(now + tonumber(ARGV[2])))
return '-1'
"""


class RedisSendGate:
    """Остановка и предохранитель, общие для всех процессов."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys
        self._broke = redis.register_script(BROKE)
        self._retry_in = redis.register_script(RETRY_IN)

    def halted(self) -> Halt | None:
        """Возвращает остановку, если она есть."""
        with store_errors():
            fields = self._redis.hgetall(self._keys.halt())
        return _halt(fields) if fields else None

    def halt(self, halt: Halt) -> None:
        """Останавливает отправку; первая причина важнее последующих."""
        fields = {"reason": halt.reason, "message": halt.message, "at": halt.at.isoformat()}
        with store_errors():
            if not self._redis.exists(self._keys.halt()):
                self._redis.hset(self._keys.halt(), mapping=fields)

    def resume(self) -> None:
        """Снимает остановку и закрывает предохранитель."""
        with store_errors():
            self._redis.delete(self._keys.halt(), self._keys.breaker())

    def retry_in(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать; после паузы пропускает одну пробу за раз."""
        arguments = [now.timestamp(), PAUSE.total_seconds()]
        with store_errors():
            seconds = float(self._retry_in(keys=[self._keys.breaker()], args=arguments))
        return None if seconds < 0 else timedelta(seconds=seconds)

    def succeeded(self, now: datetime) -> None:
        """Закрывает предохранитель."""
        with store_errors():
            self._redis.delete(self._keys.breaker())

    def broke(self, now: datetime) -> None:
        """Считает сбой связи."""
        limits = [THRESHOLD, PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds()]
        with store_errors():
            self._broke(keys=[self._keys.breaker()], args=[now.timestamp(), *limits])

    def paused(self) -> datetime | None:
        """Возвращает, с какого времени стоит пауза."""
        with store_errors():
            since = self._redis.get(self._keys.paused())
        return datetime.fromisoformat(str(since)) if since else None

    def pause(self, now: datetime) -> None:
        """Ставит паузу; повторная времени первой не меняет."""
        with store_errors():
            self._redis.set(self._keys.paused(), now.isoformat(), nx=True)

    def unpause(self) -> None:
        """Снимает паузу."""
        with store_errors():
            self._redis.delete(self._keys.paused())


def _halt(fields: dict[str, str]) -> Halt:
    return Halt(fields["reason"], fields["message"], datetime.fromisoformat(fields["at"]))
