"""Однообразные строки серверов: одна в минуту с числом остальных, сколько бы ни старался чужой."""

import logging
import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0
#: Журналы, чьи строки вызывает чужой запрос: негодный HTTP, оборванное соединение, кончившиеся файлы.
LOUD = ("asyncio", "uvicorn.error", "ident.web")


class OncePerMinute(logging.Filter):
    """Пропускает строку, если такой же за минуту не было; к следующей дописывает, сколько промолчал."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now, self._lock = now, threading.Lock()
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Отвечает, писать ли строку; одинаковыми считает строки одного шаблона."""
        key = record.name, str(record.msg)[:80]
        with self._lock:
            at, silent = self._said.get(key, (float("-inf"), 0))
            if self._now() - at < EVERY_SECONDS:
                self._said[key] = at, silent + 1
                return False
            self._said[key] = self._now(), 0
        if silent:
            record.msg, record.args = f"{record.getMessage()} (и ещё {silent} за минуту)", ()
        return True


_QUIET = OncePerMinute()


def hush() -> None:
    """Успокаивает журналы серверов; повторный вызов безвреден."""
    for name in LOUD:
        logging.getLogger(name).addFilter(_QUIET)
