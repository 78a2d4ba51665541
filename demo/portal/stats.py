"""Учёт запросов: журнал для замеров и для страницы."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000


@dataclass(frozen=True)
class RequestRecord:
    """HTTP-запрос к REST; ``at`` — монотонное время прихода, status 0 — соединение оборвано."""

    at: float
    time: float
    method: str
    commands: tuple[str, ...]
    status: int
    error: str
    seconds: float
    command_errors: int = 0


class RequestStats:
    """Журнал запросов."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)

    def add(self, record: RequestRecord) -> None:
        """Записывает запрос."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Начинает счёт заново."""
        with self._lock:
            self._records.clear()

    @property
    def records(self) -> list[RequestRecord]:
        """Возвращает запросы в порядке ответа."""
        with self._lock:
            return list(self._records)

    @property
    def requests(self) -> int:
        """Возвращает число HTTP-запросов."""
        return len(self._records)

    @property
    def commands(self) -> int:
        """Возвращает число команд: каждая команда batch считается."""
        return sum(len(record.commands) for record in self.records)

    @property
    def refused(self) -> int:
        """Возвращает число отказов QUERY_LIMIT_EXCEEDED."""
        return sum(record.error == "QUERY_LIMIT_EXCEEDED" for record in self.records)

    def count(self, method: str) -> int:
        """Возвращает, сколько раз вызван метод, сам или внутри batch."""
        return sum(record.commands.count(method) for record in self.records)

    def max_per_second(self) -> int:
        """Возвращает наибольшее число запросов в любую секунду."""
        moments = sorted(record.at for record in self.records)
        best = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= 1.0:
                first += 1
            best = max(best, last - first + 1)
        return best

    def summary(self) -> dict[str, Any]:
        """Возвращает итоги."""
        records = self.records
        return {
            "requests": len(records),
            "commands": self.commands,
            "refused": self.refused,
            "max_per_second": self.max_per_second(),
            "by_status": dict(Counter(str(record.status) for record in records)),
            "by_method": dict(Counter(name for record in records for name in record.commands)),
        }

    def recent(self, count: int) -> list[dict[str, Any]]:
        """Возвращает последние запросы, новые первыми."""
        with self._lock:
            last = [self._records[-number] for number in range(1, min(count, len(self._records)) + 1)]
        return [asdict(record) for record in last]

    def since(self, moment: float) -> list[RequestRecord]:
        """Возвращает запросы, пришедшие не раньше момента; журнал смотрит с конца."""
        with self._lock:
            found = []
            for record in reversed(self._records):
                if record.at + record.seconds < moment:
                    break
                found.append(record)
        return [record for record in found if record.at >= moment]
