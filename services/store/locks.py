"""Замки в Redis: с истечением и жетоном, чтобы опоздавший не снял чужой."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from services.domain.errors import StoreError
from services.ports import Lease
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

EXTEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
POLL_SECONDS = 0.05


class RedisLease:
    """Взятый замок."""

    def __init__(self, redis: RedisClient, key: str, ttl: timedelta) -> None:
        self._redis, self._key, self._ttl, self._token = redis, key, ttl, uuid4().hex

    def take(self) -> bool:
        """Берёт замок, если он свободен."""
        with store_errors():
            return bool(self._redis.set(self._key, self._token, nx=True, px=self._ttl))

    def extend(self) -> bool:
        """Продлевает замок; False — он уже не наш."""
        milliseconds = int(self._ttl.total_seconds() * 1000)
        with store_errors():
            return bool(self._redis.eval(EXTEND, 1, self._key, self._token, str(milliseconds)))

    def release(self) -> None:
        """Снимает замок, если он ещё наш."""
        with store_errors():
            self._redis.eval(RELEASE, 1, self._key, self._token)


class RedisLocks:
    """Замки с истечением."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    @contextmanager
    def hold(self, name: str, ttl: timedelta, wait: timedelta = timedelta()) -> Iterator[Lease | None]:
        """Берёт замок на время блока; None — не дождались."""
        lease = RedisLease(self._redis, self._keys.lock(name), ttl)
        if not self._taken(lease, wait):
            yield None
            return
        try:
            yield lease
        finally:
            # Redis пропал: замок снимет истечение, а исход блока важнее.
            with suppress(StoreError):
                lease.release()

    def _taken(self, lease: RedisLease, wait: timedelta) -> bool:
        deadline = time.monotonic() + wait.total_seconds()
        while not lease.take():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))
        return True
