"""Предел запросов к порталу: одно ведро жетонов в Redis на все процессы (ADR 0004, ТЗ 11.1)."""

from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from services.bitrix.responses import PortalUnreachable
from services.domain.budget import Budget
from services.domain.errors import StoreError

if TYPE_CHECKING:
    from redis import Redis

#: Дальше в долг у общего предела ждущий человек не идёт: портал и так завален.
LONGEST_DEBT = 15.0

# Время — по часам Redis: у процессов и компьютеров они свои. Жетон занимается вперёд.
# Хранится время, когда ведро снова станет полным (GCRA): одно число, и порядок очереди сохраняется. Рядом —
# время последней записи: часы Redis, переведённые назад, уводят очередь назад вместе с собой.
HELD = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full, seen = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
full, seen = tonumber(full or '0'), tonumber(seen or '0')
if seen > now then full = full - (seen - now) end
"""

# KEYS: ведро; ARGV: запросов в секунду, запас. Возвращает микросекунды до отправки.
RESERVE = (
    HELD
    + """
local step = math.ceil(1000000 / tonumber(ARGV[1]))
local slack = step * (tonumber(ARGV[2]) - 1)
full = math.max(full, now)
local at = math.max(full - slack, now)
redis.call('SET', KEYS[1], string.format('%.0f %.0f', full + step, now), 'PX', 600000)
return string.format('%.0f', at - now)
"""
)

# KEYS: ведро; ARGV: микросекунды, запросов в секунду, запас. Сдвигает всю очередь вперёд.
FREEZE = (
    HELD
    + """
local slack = math.ceil(1000000 / tonumber(ARGV[2])) * (tonumber(ARGV[3]) - 1)
local frozen = math.max(full, now + tonumber(ARGV[1]) + slack)
redis.call('SET', KEYS[1], string.format('%.0f %.0f', frozen, now), 'PX', 600000)
"""
)


class RateLimiter(Protocol):
    """Предел частоты, общий для всех, кто делит один портал."""

    def reserve(self) -> float:
        """Занимает следующий запрос и возвращает секунды до него."""

    def freeze(self, seconds: float) -> None:
        """Отодвигает все следующие запросы: портал попросил паузу."""


class RedisRateLimiter:
    """Ведро жетонов в Redis; сбой Redis — StoreError: без общего счёта слать нельзя."""

    def __init__(self, redis: "Redis", key: str, rate: float, burst: int) -> None:
        self._key, self._rate, self._burst = key, rate, burst
        self._reserve, self._freeze = redis.register_script(RESERVE), redis.register_script(FREEZE)

    def reserve(self) -> float:
        return int(self._run(self._reserve, self._rate, self._burst)) / 1_000_000

    def freeze(self, seconds: float) -> None:
        self._run(self._freeze, int(seconds * 1_000_000), self._rate, self._burst)

    def _run(self, script: object, *arguments: float) -> str:
        from redis.exceptions import RedisError

        try:
            return str(script(keys=[self._key], args=arguments))  # type: ignore[operator]
        except RedisError as error:
            raise StoreError(f"Redis недоступен ({type(error).__name__})") from None


class AheadOfQueue:
    """Предел для ждущего человека: место в общем пределе занимает, но очереди обмена не ждёт.

    Свой запас не даёт людям занять весь предел. Отказал портал — следующий запрос ждёт, как все.
    """

    def __init__(self, limiter: RateLimiter, budget: Budget) -> None:
        self._limiter, self._budget, self._refused = limiter, budget, False

    def reserve(self) -> float:
        """Занимает место; запас пуст или долг велик — PortalUnreachable."""
        if not self._budget.take():
            raise PortalUnreachable("планы спрашивают слишком часто: повторите через несколько секунд")
        wait = self._limiter.reserve()
        if wait > LONGEST_DEBT:
            raise PortalUnreachable("портал перегружен обменом: повторите через минуту")
        refused, self._refused = self._refused, False
        return wait if refused else 0.0

    def freeze(self, seconds: float) -> None:
        """Отодвигает следующие запросы."""
        self._refused = True
        self._limiter.freeze(seconds)


def limiter_key(prefix: str, portal: str) -> str:
    """Возвращает ключ ведра: портал — оттиском, его имени в Redis нет."""
    return f"{prefix}:limit:{blake2b(portal.encode(), digest_size=8).hexdigest()}"
