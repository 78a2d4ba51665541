"""Часы Redis: одни на все узлы, а между сверками идут монотонно (СПЕЦ 3.1.3).

Сроки повторов и аренд сравнивают разные компьютеры, чьи часы расходятся: судья один — Redis. Перевод часов
компьютера на ход этих часов не влияет, перевод часов самого Redis виден со следующей сверки.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from services.store.connection import RedisClient

RESYNC_SECONDS = 10.0
RETRY_SECONDS = 5.0


class RedisClock:
    """Время Redis в UTC; пока Redis недоступен — монотонное продолжение последней сверки."""

    def __init__(
        self, redis: Callable[[], RedisClient], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis, self._monotonic = redis, monotonic
        self._lock = threading.Lock()
        self._base, self._at = time.time(), monotonic()
        self._next_sync = self._at

    def now(self) -> datetime:
        with self._lock:
            if self._monotonic() >= self._next_sync:
                self._sync()
            return datetime.fromtimestamp(self._base + self._monotonic() - self._at, UTC)

    def _sync(self) -> None:
        from redis.exceptions import RedisError

        try:
            seconds, microseconds = self._redis().time()
        except RedisError:
            self._next_sync = self._monotonic() + RETRY_SECONDS
            return
        self._at = self._monotonic()
        self._base = seconds + microseconds / 1_000_000
        self._next_sync = self._at + RESYNC_SECONDS
