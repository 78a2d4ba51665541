"""Память Redis: замечает, что её стёрли, и даёт порталу доделать начатое (ADR 0002).

Пропали записи, аренды и замки — а запрос, посланный до пропажи, портал может выполнять ещё минуту. Создать
сделку в это время значило бы создать вторую. Поэтому узел, помнивший прежнюю память, объявляет карантин.
Отметка лежит и в папке состояния: узел, убитый вместе с Redis, узнаёт о пропаже при запуске. Первая установка
не помнит ничего и не ждёт.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from services.store.keys import Keys

# Начало сценария ворот: отметка спрашивается тем же обращением. Возвращает отметку и конец карантина.
LOOK = """
local function look(key, fresh, known, till)
  local id = redis.call('HGET', key, 'id')
  if not id then
    id = fresh
    redis.call('HSET', key, 'id', id)
  end
  if known ~= '' and known ~= id then redis.call('HSET', key, 'until', till) end
  return id, redis.call('HGET', key, 'until') or '0'
end
"""


class RedisEpoch:
    """Отметка памяти Redis и карантин после её потери; обращается к Redis сам сценарий ворот."""

    def __init__(self, keys: Keys, mark: Path | None, period: timedelta) -> None:
        self.key, self._mark, self._period = keys.epoch(), mark, period
        self._lock = threading.Lock()
        self._known: str | None = None

    def asked(self, now: datetime) -> Sequence[object]:
        """Возвращает доводы ``look``: новую отметку, известную узлу и конец карантина на случай потери."""
        with self._lock:
            return uuid4().hex, self._recalled(), (now + self._period).timestamp()

    def quarantine(self, found: str, until: float, now: datetime) -> timedelta | None:
        """Запоминает найденную отметку и возвращает, сколько ещё ждать; None — память цела."""
        with self._lock:
            if found != self._known:
                self._remember(found)
        left = until - now.timestamp()
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
