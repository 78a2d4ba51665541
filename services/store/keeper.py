"""Хранитель: пока владелец жив, продлевает всё взятое процессом одним обращением к Redis.

Аренда убитого узла кончается сама, а живого — не кончается посреди долгого запроса: продление раз в треть
срока оставляет не меньше двух третей его после последнего запроса (100 с → 66 с > 60 с, дольше которых портал
не работает). Зависший владелец вечно не держит ничего: есть наибольший срок.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from services.domain.errors import StoreError
from services.domain.outbox import Permit
from services.ports import Clock

if TYPE_CHECKING:
    from services.store.outbox import RedisOutbox

LONGEST = timedelta(minutes=15)


class Keeper:
    """Взятое этим процессом; один поток, живёт, пока что-нибудь взято."""

    def __init__(
        self, outbox: "RedisOutbox", clock: Clock, lease: timedelta, longest: timedelta = LONGEST
    ) -> None:
        self._outbox, self._clock, self._lease = outbox, clock, lease
        self._longest = longest.total_seconds()
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._held: dict[object, tuple[Permit, float]] = {}
        self._thread: threading.Thread | None = None

    def holds(self, permits: Sequence[Permit]) -> Sequence[bool]:
        """Отвечает, какие разрешения в силе, и продлевает их: последний вопрос перед пишущим запросом."""
        return self._outbox.still_ours(permits, self._clock.now(), self._lease)

    @contextmanager
    def keeping(self, permit: Permit) -> Iterator[None]:
        """Продлевает взятое на время блока; потерянное не воскрешает."""
        mark = object()
        with self._lock:
            self._held[mark] = permit, time.monotonic() + self._longest
            self._start()
        try:
            yield
        finally:
            self._forget([mark])

    def extend(self) -> None:
        """Продлевает всё взятое; потерянное и слишком долгое забывает."""
        with self._lock:
            marks, kept = list(self._held), list(self._held.values())
        if not kept:
            return
        try:
            answers = self.holds([permit for permit, _ in kept])
        except StoreError:
            return  # Redis мигнул: до конца срока ещё две попытки
        now = time.monotonic()
        rows = zip(marks, kept, answers, strict=True)
        self._forget([mark for mark, (_, until), held in rows if not held or now >= until])

    def close(self) -> None:
        self._stopped.set()
        with self._lock:
            self._held.clear()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=5)

    def _forget(self, marks: Sequence[object]) -> None:
        with self._lock:
            for mark in marks:
                self._held.pop(mark, None)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._lease.total_seconds() / 3):
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
            self.extend()
