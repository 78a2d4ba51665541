"""Отчёт клиента портала: что сделано с прошлого раза — одним обращением раз в несколько секунд."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

from services.domain.errors import RetriableError, StoreError
from services.ports import Clock, PortalTraffic, PortalTrouble

if TYPE_CHECKING:
    from services.bitrix.calls import Answer, Call
    from services.bitrix.client import BitrixClient
    from services.store.portal_stats import RedisPortalStats

EVERY_SECONDS = 5.0
MOST_TROUBLES = 20


class TrafficReport:
    """Счёт обращений одного клиента; сбой Redis не мешает работе: счёт уйдёт в следующий раз."""

    def __init__(
        self,
        client: BitrixClient,
        stats: RedisPortalStats,
        clock: Clock,
        every: float = EVERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._stats, self._clock = client, stats, clock
        self._every, self._monotonic = every, monotonic
        self._lock = threading.Lock()
        self._told, self._told_at = PortalTraffic(), monotonic()
        self._troubles: deque[PortalTrouble] = deque(maxlen=MOST_TROUBLES)

    def __call__(self, calls: Sequence[Call], answers: Sequence[Answer]) -> None:
        """Учитывает ответы на вызовы; пришло время — отчитывается."""
        for call, answer in zip(calls, answers, strict=False):
            if answer.error is not None:
                self._note(call.method, answer.error)
        if self._monotonic() - self._told_at >= self._every:
            self.flush()

    def flush(self) -> None:
        """Отчитывается сейчас; отчитывается другой поток — уступает ему."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._tell()
        except StoreError:
            self._told_at = self._monotonic()
        finally:
            self._lock.release()

    def _note(self, method: str, error: Exception) -> None:
        kind = "повтор" if isinstance(error, RetriableError) else "отказ"
        self._troubles.append(PortalTrouble(self._clock.now(), method, kind, str(error)))

    def _tell(self) -> None:
        total, troubles = replace(self._client.traffic), list(self._troubles)
        operating = self._client.operating.spent()
        pairs = zip(astuple(total), astuple(self._told), strict=True)
        fresh = PortalTraffic(*(now - told for now, told in pairs))
        self._stats.record(fresh, operating, troubles, self._clock.now())
        self._told, self._told_at = total, self._monotonic()
        for _ in troubles:
            self._troubles.popleft()
