"""Журнал, который однообразные отказы складывает: одна строка на повод и адрес в минуту, с их числом.

Отказать незнакомцу стоит дешевле, чем записать об этом: двенадцать тысяч запросов заняли бы весь суточный
предел журнала безопасности, и заметка о настоящем событии в него не попала бы.
"""

import threading
import time
from collections.abc import Callable

from services.ports import Journal

MINUTE = 60.0
#: Строк за минуту; адресов больше — остальные идут одной строкой.
MOST_LINES = 20
OTHERS = "другие адреса"


class SummedRefusals:
    """Отказы незнакомцам; первый виден сразу, остальные — числом, когда минута кончится."""

    def __init__(
        self,
        journal: Journal,
        now: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], None] | None = None,
    ) -> None:
        self._journal, self._now, self._later = journal, now, later or _by_timer
        self._lock = threading.Lock()
        self._until = 0.0
        self._counts: dict[tuple[str, str, tuple[tuple[str, object], ...]], int] = {}

    def refused(self, event: str, address: str, **fields: object) -> None:
        """Записывает отказ или прибавляет его к таким же."""
        with self._lock:
            finished = self._finished()
            key = (event, address, tuple(fields.items()))
            if key not in self._counts and len(self._counts) >= MOST_LINES:
                key = (event, OTHERS, tuple(fields.items()))
            first = key not in self._counts
            self._counts[key] = self._counts.get(key, 0) + 1
        self._tell(finished)
        if first:
            self._journal.warning(event, **{**dict(key[2]), "address": key[1]})

    def flush(self) -> None:
        """Дописывает, сколько было ещё, если минута кончилась."""
        with self._lock:
            finished = self._finished(begin=False)
        self._tell(finished)

    def _finished(
        self, begin: bool = True
    ) -> list[tuple[tuple[str, str, tuple[tuple[str, object], ...]], int]]:
        if self._now() < self._until:
            return []
        finished, self._counts = [*self._counts.items()], {}
        if begin:
            self._until = self._now() + MINUTE
            self._later(MINUTE, self.flush)
        return finished

    def _tell(self, finished: list[tuple[tuple[str, str, tuple[tuple[str, object], ...]], int]]) -> None:
        for (event, address, fields), count in finished:
            if count > 1:
                told = {**dict(fields), "address": address, "count": count, "message": "всего за минуту"}
                self._journal.warning(event, **told)


def _by_timer(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
