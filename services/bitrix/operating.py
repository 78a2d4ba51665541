"""Время методов портала: останавливаем метод раньше, чем его остановит портал.

Счёт ведёт сам портал и присылает в каждом ответе; помнить его достаточно процессу: новый процесс
узнает его из первого же ответа.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from services.bitrix.responses import OperationResting

MARGIN = 10.0
MIN_PAUSE, MAX_PAUSE = 10.0, 600.0


class OperatingGate:
    """Память о времени методов: сколько потрачено и когда освободится."""

    def __init__(self, limit: float, now: Callable[[], float] = time.time) -> None:
        self._limit, self._now = limit, now
        self._lock = threading.Lock()
        self._spent: dict[str, float] = {}
        #: До какого мига метод стоит и на сколько его остановили.
        self._blocked: dict[str, tuple[float, float]] = {}

    def check(self, method: str) -> None:
        """Поднимает OperationTimeLimit, если метод стоит."""
        with self._lock:
            wait = self._left(method)
        if wait > 0:
            raise OperationResting(f"{method}: портал исчерпал время метода", wait)

    def note(self, method: str, timing: Mapping[str, Any]) -> None:
        """Запоминает время метода из ответа; полей может не быть."""
        operating, reset = _number(timing.get("operating")), _number(timing.get("operating_reset_at"))
        with self._lock:
            if operating is not None:
                self._spent[method] = operating
            if operating is not None and operating >= self._limit - MARGIN:
                self._block(method, (reset or self._now()) - self._now())

    def refused(self, method: str) -> float:
        """Запоминает отказ портала и возвращает секунды до повтора."""
        with self._lock:
            self._block(method, self._left(method))
            return self._left(method)

    def spent(self) -> Mapping[str, float]:
        """Возвращает секунды, потраченные методами, для страницы наблюдения."""
        with self._lock:
            return dict(self._spent)

    def _block(self, method: str, seconds: float) -> None:
        pause = min(max(seconds, MIN_PAUSE), MAX_PAUSE)
        self._blocked[method] = self._now() + pause, pause

    def _left(self, method: str) -> float:
        """Возвращает, сколько методу стоять; дольше назначенного велят только часы, переведённые назад."""
        until, pause = self._blocked.get(method, (0.0, 0.0))
        left = until - self._now()
        return left if 0 < left <= pause + 1 else 0.0


def _number(value: object) -> float | None:
    usual = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if usual else None  # type: ignore[arg-type]
