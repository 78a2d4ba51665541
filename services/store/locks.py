"""Замки в Redis: с истечением и жетоном, чтобы опоздавший не снял чужой.

Замок держат двое: Redis — между процессами, сам процесс — между своими потоками. Второй переживает и стёртый
Redis: два потока одного узла не создадут одну сделку, даже если память о замке пропала посреди создания.
Срок лежит в самом замке: часы Redis, переведённые назад, не оставят его запертым.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from services.domain.errors import StoreError
from services.ports import Lease
from services.store.connection import RedisClient, store_errors
from services.store.keeper import Keeper
from services.store.keys import Keys

# Значение — «жетон срок»: срок в микросекундах по часам Redis. Истечение ключа — лишь уборка.
# KEYS: замок; ARGV: жетон, длительность в мс. Срок дальше полной длительности — часы перевели: замок ничей.
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('GET', KEYS[1])
if held then
  local token, till, span = string.match(held, '^(%S+) (%S+) (%S+)$')
  if token ~= ARGV[1] and till and now < tonumber(till) and tonumber(till) - now <= tonumber(span) + 1000 then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', now + tonumber(ARGV[2])) .. ' ' .. ARGV[2],
  'PX', ARGV[2])
return 1
"""
# KEYS: замок; ARGV: жетон, длительность в мс.
EXTEND = """
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%S+') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', now + tonumber(ARGV[2])) .. ' ' .. ARGV[2],
  'PX', ARGV[2])
return 1
"""
RELEASE = """
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%S+') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
POLL_SECONDS = 0.05


class LocalLocks:
    """Замки внутри процесса: имя → до какого мига занято (None — пока не снимут)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float | None]] = {}

    def take(self, name: str, token: str) -> bool:
        """Занимает имя."""
        with self._lock:
            held = self._held.get(name)
            if held is not None and (held[1] is None or time.monotonic() < held[1]):
                return False
            self._held[name] = token, None
            return True

    def release(self, name: str, token: str) -> None:
        """Освобождает имя."""
        with self._lock:
            if self._held.get(name, ("",))[0] == token:
                del self._held[name]

    def linger(self, name: str, token: str, seconds: float) -> None:
        """Оставляет имя занятым ещё на столько секунд."""
        now = time.monotonic()
        with self._lock:
            expired = [key for key, (_, till) in self._held.items() if till is not None and till <= now]
            for key in expired:
                del self._held[key]
            if self._held.get(name, ("",))[0] == token:
                self._held[name] = token, now + seconds


class RedisLease:
    """Взятый замок."""

    def __init__(self, redis: RedisClient, local: LocalLocks, key: str, ttl: timedelta) -> None:
        self._redis, self._local, self._key, self._token = redis, local, key, uuid4().hex
        self._milliseconds = int(ttl.total_seconds() * 1000)
        self._lingers = False

    def take(self) -> bool:
        """Берёт замок, если он свободен и в процессе, и в Redis."""
        if not self._local.take(self._key, self._token):
            return False
        try:
            with store_errors():
                taken = bool(self._redis.eval(TAKE, 1, self._key, self._token, self._milliseconds))
        except StoreError:
            self._local.release(self._key, self._token)
            raise
        if not taken:
            self._local.release(self._key, self._token)
        return taken

    def extend(self) -> bool:
        """Продлевает замок; False — он уже не наш."""
        with store_errors():
            return bool(self._redis.eval(EXTEND, 1, self._key, self._token, self._milliseconds))

    def linger(self, period: timedelta) -> None:
        """Оставляет замок запертым на ``period``, хотя владелец и уйдёт: исход его запроса неясен."""
        self._lingers = True
        self._local.linger(self._key, self._token, period.total_seconds())
        with suppress(StoreError), store_errors():
            milliseconds = int(period.total_seconds() * 1000)
            self._redis.eval(EXTEND, 1, self._key, self._token, milliseconds)

    def release(self) -> None:
        """Снимает замок, если он ещё наш и исход ясен."""
        if self._lingers:
            return
        self._local.release(self._key, self._token)
        # Redis пропал: замок снимет истечение, а исход блока важнее.
        with suppress(StoreError), store_errors():
            self._redis.eval(RELEASE, 1, self._key, self._token)


class RedisLocks:
    """Замки с истечением; взятый продлевает хранитель."""

    def __init__(self, redis: RedisClient, keys: Keys, keeper: Keeper) -> None:
        self._redis, self._keys, self._keeper, self._local = redis, keys, keeper, LocalLocks()

    @contextmanager
    def hold(self, name: str, ttl: timedelta, wait: timedelta = timedelta()) -> Iterator[Lease | None]:
        """Берёт замок на время блока; None — не дождались."""
        lease = RedisLease(self._redis, self._local, self._keys.lock(name), ttl)
        if not self._taken(lease, wait):
            yield None
            return
        try:
            with self._keeper.keeping(lease.extend, ttl):
                yield lease
        finally:
            lease.release()

    def _taken(self, lease: RedisLease, wait: timedelta) -> bool:
        deadline = time.monotonic() + wait.total_seconds()
        while not lease.take():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))
        return True
