"""Память Redis: замечает, что её стёрли, и даёт порталу доделать начатое (ADR 0002).

Пропали записи, аренды и замки — а запрос, посланный до пропажи, портал может выполнять ещё минуту. Создать
сделку в это время значило бы создать вторую. Поэтому узел, помнивший прежнюю память, объявляет карантин.
Отметка лежит и в папке состояния: узел, убитый вместе с Redis, узнаёт о пропаже при запуске. Первая установка
не помнит ничего и не ждёт.
"""

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

# KEYS: epoch; ARGV: новая отметка, прежняя отметка узла, now, конец карантина.
LOOK = """
local id = redis.call('HGET', KEYS[1], 'id')
if not id then
  id = ARGV[1]
  redis.call('HSET', KEYS[1], 'id', id)
end
if ARGV[2] ~= '' and ARGV[2] ~= id then redis.call('HSET', KEYS[1], 'until', ARGV[4]) end
return {id, redis.call('HGET', KEYS[1], 'until') or '0'}
"""


class RedisEpoch:
    """Отметка памяти Redis и карантин после её потери."""

    def __init__(self, redis: RedisClient, keys: Keys, mark: Path | None, period: timedelta) -> None:
        self._redis, self._key, self._mark, self._period = redis, keys.epoch(), mark, period
        self._look = redis.register_script(LOOK)
        self._lock = threading.Lock()
        self._known: str | None = None

    def quarantine(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ещё ждать; None — память цела."""
        with self._lock:
            known = self._recalled()
            arguments = [uuid4().hex, known, now.timestamp(), (now + self._period).timestamp()]
            with store_errors():
                found, until = self._look(keys=[self._key], args=arguments)
            if found != known:
                self._remember(str(found))
        left = float(until) - now.timestamp()
        return timedelta(seconds=left) if 0 < left <= self._period.total_seconds() + 1 else None

    def _recalled(self) -> str:
        if self._known is None:
            self._known = ""
            with suppress(OSError, UnicodeDecodeError):
                self._known = self._mark.read_text(encoding="ascii").strip() if self._mark else ""
        return self._known

    def _remember(self, epoch: str) -> None:
        """Запоминает отметку; непишущийся диск отправку не останавливает (ТЗ 7.1.4 № 5)."""
        self._known = epoch
        if self._mark is not None:
            with suppress(OSError):
                self._mark.parent.mkdir(parents=True, exist_ok=True)
                self._mark.write_text(epoch + "\n", encoding="ascii")
