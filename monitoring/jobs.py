"""Долгие дела страницы: идут в своём потоке, по одному; страница лишь спрашивает, как они идут.

Перезагрузка и закрытая вкладка делу не мешают. Ход лежит в памяти процесса: то, что должно пережить и его
перезапуск, ведёт сам сценарий (загрузка прошлого — в Redis).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from config.loader import ConfigError
from services.doctor.findings import place_of
from services.domain.errors import SyncError
from services.sync.loading import BadPeriod

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """Одно выполнение дела: о чём оно, что уже известно и чем кончилось."""

    about: str
    started_at: datetime
    items: Sequence[T] = ()
    ended_at: datetime | None = None
    error: str = ""
    stopped: bool = False

    @property
    def goes(self) -> bool:
        return self.ended_at is None


class Job(Generic[T]):
    """Дело; ``kept`` — сколько последних итогов помнить (нет — все)."""

    def __init__(
        self, kept: int | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now, self._lock, self._stop = now, threading.Lock(), threading.Event()
        self._items: deque[T] = deque(maxlen=kept)
        self._run: Run[T] | None = None

    def state(self) -> Run[T] | None:
        """Возвращает нынешнее или последнее выполнение."""
        with self._lock:
            return self._run and replace(self._run, items=tuple(self._items))

    def start(self, about: str, work: Callable[[], Generator[T, None, None]]) -> bool:
        """Начинает дело; идущее второму не уступает."""
        with self._lock:
            if self._run is not None and self._run.goes:
                return False
            self._items.clear()
            self._stop.clear()
            self._run = Run(about, self._now())
        threading.Thread(target=self._do, args=(work,), name="page-job", daemon=True).start()
        return True

    def stop(self) -> None:
        """Просит остановиться на ближайшем шаге."""
        self._stop.set()

    def _do(self, work: Callable[[], Generator[T, None, None]]) -> None:
        error = ""
        try:
            with closing(work()) as items:
                self._gather(items)
        except (SyncError, ConfigError, BadPeriod) as trouble:
            error = str(trouble)
        except Exception as trouble:
            error = f"Не выполнилось: {type(trouble).__name__} в {place_of(trouble)}"
        with self._lock:
            if self._run is not None:
                stopped = self._stop.is_set()
                self._run = replace(self._run, ended_at=self._now(), error=error, stopped=stopped)

    def _gather(self, items: Iterator[T]) -> None:
        for item in items:
            with self._lock:
                self._items.append(item)
            if self._stop.is_set():
                return
