"""Службы процесса: собираются при первом обращении и заново — когда изменился файл настроек."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.container import Services

LOOK_EVERY = 2.0
#: Дольше портал не работает: после этого прежние службы закрываются, чем бы запрос ни кончился.
DRAIN_SECONDS = 70.0
#: Эти разделы Celery читает один раз: очереди, брокер, расписание, число потоков.
STARTUP = ("redis", "branches", "node", "sync")


class Watched:
    """Файл настроек: замечает перемену содержимого, а не только времени."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp, self._print = self._look(), self._digest()
        self._next = time.monotonic() + LOOK_EVERY

    def changed(self) -> bool:
        """Отвечает, изменился ли файл; спрашивает диск не чаще раза в две секунды."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + LOOK_EVERY
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return False
        digest = self._digest()
        before, self._stamp, self._print = self._print, stamp, digest or self._print
        return digest is not None and digest != before

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _digest(self) -> bytes | None:
        try:
            return blake2b(self.path.read_bytes()).digest()
        except OSError:
            return None


class ProcessServices:
    """Держатель служб одного процесса."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._services: Services | None = None
        self._file: Watched | None = None

    def get(self) -> Services:
        """Возвращает службы: собирает при первом обращении, то есть уже после fork."""
        with self._lock:
            if self._services is None:
                self._services = self._built()
            elif self._file is not None and self._file.changed():
                self._renew(self._services)
            return self._services

    def withdraw(self) -> None:
        """Отзывает неотправленное: узел останавливается."""
        services = self._services
        if services is not None:
            services.withdraw()

    def close(self) -> None:
        """Закрывает службы, если они собирались."""
        with self._lock:
            services, self._services = self._services, None
        if services is not None:
            services.close()

    def forget(self) -> None:
        """Забывает службы родителя после fork: его соединения и замки ребёнку не годятся."""
        self._lock, self._services, self._file = threading.Lock(), None, None

    def built(self) -> bool:
        """Отвечает, собраны ли службы."""
        return self._services is not None

    def _built(self) -> Services:
        from config.loader import load_settings, settings_file
        from services.container import build_services

        self._file = Watched(settings_file())
        return _with_hands(build_services(load_settings(self._file.path)))

    def _renew(self, old: Services) -> None:
        """Пересобирает службы по новым настройкам; негодные настройки оставляют прежние."""
        from config.loader import ConfigError, load_settings
        from services.container import build_services
        from services.journals import renew_journal

        assert self._file is not None
        try:
            settings = load_settings(self._file.path)
        except ConfigError as error:
            old.journal.error("settings_refused", error=error)
            return
        old.retire(DRAIN_SECONDS)
        renew_journal(settings)
        self._services = _with_hands(build_services(settings))
        self._services.journal.info("settings_reloaded")
        if stale := [name for name in STARTUP if getattr(old.settings, name) != getattr(settings, name)]:
            self._services.journal.warning("settings_need_restart", sections=",".join(stale))


_steps: list[Callable[[Services], None]] = []


def on_built(step: Callable[[Services], None]) -> Callable[[Services], None]:
    """Назначает, что сделать с каждыми собранными службами."""
    _steps.append(step)
    return step


def _with_hands(services: Services) -> Services:
    """Даёт службам то, что умеет только точка входа."""
    for step in _steps:
        step(services)
    return services


_process = ProcessServices()


def process_services() -> Services:
    """Возвращает службы процесса."""
    return _process.get()


def withdraw_unsent() -> None:
    """Отзывает неотправленное в своём потоке: сигнал остановки ждать не может."""
    threading.Thread(target=_process.withdraw, name="withdraw", daemon=True).start()


def close_process_services() -> None:
    """Закрывает службы процесса, если они собирались."""
    _process.close()


def forget_inherited_services() -> None:
    """Забывает службы, доставшиеся от родителя."""
    _process.forget()


def services_are_built() -> bool:
    """Отвечает, собраны ли службы процесса."""
    return _process.built()


def start_journal() -> None:
    """Включает журналы процесса."""
    from config.loader import load_settings
    from services.journals import start_journal

    start_journal(load_settings())
