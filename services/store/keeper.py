"""Хранитель: продлевает аренды и замки, пока их владелец жив, сколько бы ни отвечал портал.

Аренда убитого узла кончается сама, а живого — не кончается посреди долгого запроса: продление раз в треть
срока оставляет не меньше двух третей его после последнего запроса (100 с → 66 с > 60 с, дольше которых портал
не работает). Зависший владелец вечно не держит ничего: есть наибольший срок.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from services.domain.errors import StoreError

LONGEST = timedelta(minutes=15)


@dataclass(slots=True, eq=False)
class _Held:
    """Что продлевать, как часто и до какого мига."""

    extend: Callable[[], bool]
    every: float
    until: float
    due: float = field(init=False)

    def __post_init__(self) -> None:
        self.due = time.monotonic() + self.every


class Keeper:
    """Один поток на процесс; начинается с первой арендой."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[_Held] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def keeping(
        self, extend: Callable[[], bool], ttl: timedelta, longest: timedelta = LONGEST
    ) -> Iterator[None]:
        """Продлевает аренду сроком ``ttl`` на время блока; потерянную не воскрешает."""
        held = _Held(extend, ttl.total_seconds() / 3, time.monotonic() + longest.total_seconds())
        with self._changed:
            self._held.add(held)
            self._start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(held)

    def close(self) -> None:
        """Останавливает поток."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=5)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._closed = False
            self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (due := self._wait()) is not None:
            for held in due:
                self._extend(held)

    def _wait(self) -> list[_Held] | None:
        """Ждёт ближайшего срока; None — пора кончать."""
        with self._changed:
            if self._closed:
                return None
            now = time.monotonic()
            soonest = min((held.due for held in self._held), default=now + 60)
            if soonest > now:
                self._changed.wait(soonest - now)
            return None if self._closed else [h for h in self._held if h.due <= time.monotonic()]

    def _extend(self, held: _Held) -> None:
        now = time.monotonic()
        try:
            alive = now < held.until and held.extend()
        except StoreError:
            # Redis мигнул: до конца срока ещё две попытки.
            alive = True
        held.due = now + held.every
        if not alive:
            with self._changed:
                self._held.discard(held)
