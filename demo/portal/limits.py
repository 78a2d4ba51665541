"""Ограничения портала: частота запросов и время выполнения метода."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Protocol

BASKET_SECONDS = 60
BASKETS = 10


class Clock(Protocol):
    """Часы эмулятора."""

    def monotonic(self) -> float:
        """Возвращает монотонное время в секундах."""

    def time(self) -> float:
        """Возвращает время Unix в секундах."""


class SystemClock:
    """Часы машины."""

    def monotonic(self) -> float:
        """Возвращает монотонное время в секундах."""
        return time.monotonic()

    def time(self) -> float:
        """Возвращает время Unix в секундах."""
        return time.time()


@dataclass
class _Bucket:
    level: float = 0.0
    at: float = 0.0


class LeakyBuckets:
    """Дырявые вёдра частоты, по одному на адрес клиента.

    Каждый HTTP-запрос добавляет единицу, ведро теряет ``rate`` единиц в секунду, выше ``threshold`` портал
    отвечает QUERY_LIMIT_EXCEEDED. Документация не говорит, считаются ли отказы: ``count_refused``.
    """

    def __init__(self, rate: float, threshold: float, clock: Clock, count_refused: bool = False) -> None:
        self.rate, self.threshold, self.count_refused = rate, threshold, count_refused
        self._clock, self._lock = clock, threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, source: str) -> bool:
        """Учитывает запрос и отвечает, принят ли он."""
        with self._lock:
            bucket = self._drained(source)
            admitted = bucket.level + 1 <= self.threshold
            if admitted or self.count_refused:
                bucket.level += 1
            return admitted

    def level(self, source: str) -> float:
        """Возвращает нынешнее наполнение ведра."""
        with self._lock:
            return self._drained(source).level

    def _drained(self, source: str) -> _Bucket:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(source, _Bucket(at=now))
        bucket.level = max(0.0, bucket.level - (now - bucket.at) * self.rate)
        bucket.at = now
        return bucket


@dataclass(frozen=True)
class Operating:
    """Расход времени метода: сумма секунд и момент, когда выпадет самая старая минута."""

    seconds: float
    reset_at: int


@dataclass
class OperatingMeter:
    """Счётчик секунд каждого метода каждого вебхука: десять корзин по минуте."""

    limit: float
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _baskets: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))

    def allows(self, caller: str, method: str) -> bool:
        """Отвечает, можно ли вызывать метод: проверка до вызова, перешедший предел вызов заканчивается."""
        return self.spent(caller, method).seconds < self.limit

    def add(self, caller: str, method: str, seconds: float) -> Operating:
        """Добавляет секунды вызова и возвращает расход."""
        with self._lock:
            baskets = self._baskets[caller, method]
            minute = self._minute()
            baskets[minute] = baskets.get(minute, 0.0) + seconds
        return self.spent(caller, method)

    def spent(self, caller: str, method: str) -> Operating:
        """Возвращает расход метода за десять минут."""
        with self._lock:
            minute = self._minute()
            baskets = self._baskets[caller, method]
            for old in [key for key in baskets if key <= minute - BASKETS]:
                del baskets[old]
            oldest = min(baskets, default=minute)
            reset_at = (oldest + BASKETS) * BASKET_SECONDS
            return Operating(round(sum(baskets.values()), 6), reset_at)

    def total(self) -> float:
        """Возвращает секунды всех методов за десять минут."""
        with self._lock:
            return sum(sum(baskets.values()) for baskets in self._baskets.values())

    def _minute(self) -> int:
        return int(self.clock.time()) // BASKET_SECONDS
