"""Замки в Redis: с истечением и жетоном, чтобы опоздавший не снял чужой.

Записи они не стерегут: её держит взятая запись очереди. Замок нужен ходу ленты (выборка, сверка), присмотру
и телефону, для которого создаётся контакт. Срок лежит в самом замке: часы Redis, переведённые назад, не
оставят его запертым.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from services.domain.errors import StoreError
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

# Значение — «жетон срок»: срок в микросекундах по часам Redis. Истечение ключа — лишь уборка.
# KEYS: замок; ARGV: жетон, длительность в мс. Срок дальше полной длительности — часы перевели: замок ничей.
# Жетон «запись/взятие»: запертое прежней попыткой та же запись берёт снова, снимает — только само взятие.
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('GET', KEYS[1])
if held then
  local token, till, span = string.match(held, '^(%S+) (%S+) (%S+)$')
  local mine = token and string.match(token, '^[^/]+') == string.match(ARGV[1], '^[^/]+')
  if not mine and till and now < tonumber(till) and tonumber(till) - now <= tonumber(span) + 1000 then
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
#: Как часто смотрят, не освободил ли замок другой процесс: сначала и потом. Свой процесс разбудит сам.
FIRST_LOOK, LONGEST_LOOK = 0.05, 1.0


class RedisLease:
    """Взятый замок."""

    def __init__(self, redis: RedisClient, key: str, ttl: timedelta, owner: str) -> None:
        self._redis, self._key, self._owner, self._ttl = redis, key, owner, ttl
        self._shut = False

    def take(self) -> bool:
        """Берёт замок, если он свободен или уже наш."""
        return self._run(TAKE, self._ttl)

    def extend(self) -> bool:
        """Продлевает замок; False — он уже не наш."""
        return self._run(EXTEND, self._ttl)

    def shut(self, period: timedelta) -> None:
        """Оставляет замок запертым на ``period`` после ухода владельца: исход его запроса неясен."""
        self._shut = period > timedelta()
        if self._shut:
            with suppress(StoreError):  # Redis пропал: замок откроет истечение, портал доделает раньше
                self._run(EXTEND, period)

    def release(self) -> None:
        """Снимает замок, если он ещё наш и исход ясен; Redis пропал — снимет истечение."""
        if not self._shut:
            with suppress(StoreError), store_errors():
                self._redis.eval(RELEASE, 1, self._key, self._owner)

    def _run(self, script: str, period: timedelta) -> bool:
        with store_errors():
            return bool(
                self._redis.eval(script, 1, self._key, self._owner, int(period.total_seconds() * 1000))
            )


class RedisLocks:
    """Замки с истечением."""

    def __init__(
        self,
        redis: RedisClient,
        keys: Keys,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._redis, self._keys, self._monotonic, self._pause = redis, keys, monotonic, pause
        self._lock = threading.Lock()
        #: Кого из ждущих этого процесса будить, когда замок с таким именем снят.
        self._waiting: dict[str, list[threading.Event]] = {}

    @contextmanager
    def hold(
        self, name: str, ttl: timedelta, wait: timedelta = timedelta(), owner: str = ""
    ) -> Iterator[RedisLease | None]:
        """Берёт замок на время блока; None — за ``wait`` он не освободился.

        ``owner`` — «запись/взятие»: замок, оставленный запертым этой записью, она берёт снова.
        """
        lease = RedisLease(self._redis, self._keys.lock(name), ttl, owner or uuid4().hex)
        if not (lease.take() or (wait and self._awaited(name, lease, wait))):
            yield None
            return
        try:
            yield lease
        finally:
            lease.release()
            self._wake(name)

    def _awaited(self, name: str, lease: RedisLease, wait: timedelta) -> bool:
        """Ждёт, пока замок снимут: здесь — до самого пробуждения, в другом процессе — заглядывая всё реже."""
        until, look, freed = self._monotonic() + wait.total_seconds(), FIRST_LOOK, threading.Event()
        with self._lock:
            self._waiting.setdefault(name, []).append(freed)
        try:
            while (left := until - self._monotonic()) > 0:
                self._pause(freed, min(look * random.uniform(0.5, 1.5), left))
                look = min(look * 2, LONGEST_LOOK)
                freed.clear()
                if lease.take():
                    return True
            return False
        finally:
            with self._lock:
                self._waiting[name].remove(freed)
                if not self._waiting[name]:
                    del self._waiting[name]

    def _wake(self, name: str) -> None:
        with self._lock:
            for freed in self._waiting.get(name, ()):
                freed.set()
