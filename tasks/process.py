"""Службы процесса: собираются при первом обращении и заново — когда изменился файл настроек."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from config.loader import ConfigError, load_settings, settings_file
from config.watching import STARTUP, LiveFile

if TYPE_CHECKING:
    from config.models import Settings
    from services.container import Services

#: Дольше портал не работает: после этого прежние службы закрываются, чем бы запрос ни кончился.
DRAIN_SECONDS = 70.0


class ProcessServices:
    """Держатель служб одного процесса.

    Новые службы собираются целиком, прежде чем уйдут прежние; прежние доделывают начатое в своём потоке, и
    никто их не ждёт. Не собрались новые — работают прежние, а присмотр зовёт администратора.
    """

    def __init__(
        self, build: Callable[[Settings], Services] | None = None, file: Callable[[], LiveFile] | None = None
    ) -> None:
        self._build, self._open = build or _built, file or (lambda: LiveFile(settings_file()))
        self._lock = threading.Lock()
        self._services: Services | None = None
        self._file: LiveFile | None = None

    def get(self) -> Services:
        """Возвращает службы: собирает при первом обращении, то есть уже после fork."""
        if self._services is None or self._file is None:
            with self._lock:
                if self._services is None:
                    self._file = self._open()
                    self._services = self._build(load_settings(self._file.path))
                return self._services
        if self._lock.acquire(blocking=False):
            try:
                if self._services is not None and self._file.changed():
                    self._renew(self._services, self._file.path)
            finally:
                self._lock.release()
        return self._services or self.get()

    def withdraw(self) -> None:
        """Отзывает неотправленное: узел останавливается."""
        if self._services is not None:
            self._services.withdraw()

    def close(self) -> None:
        """Закрывает службы, если они собирались."""
        with self._lock:
            services, self._services = self._services, None
        if services is not None:
            services.close()

    def forget(self) -> None:
        """Забывает службы родителя после fork: его соединения и замки ребёнку не годятся."""
        self._lock, self._services, self._file = threading.Lock(), None, None

    def _renew(self, old: Services, path: Path) -> None:
        """Пересобирает службы по новым настройкам; с чем не собрались — остаются прежние."""
        from services.journal.process import renew_journal

        try:
            settings = load_settings(path)
            # Сообщения Celery лежат в прежнем Redis: с новым состояние начнётся после перезапуска.
            fresh = self._build(settings.model_copy(update={"redis": old.settings.redis}))
            fresh.prepare(old)
        except Exception as error:
            old.settings_refused = str(error) if isinstance(error, ConfigError) else type(error).__name__
            old.journal.error("settings_refused", error=error)
            return
        self._services = fresh
        threading.Thread(target=old.retire, args=(DRAIN_SECONDS,), name="retire", daemon=True).start()
        renew_journal(settings)
        fresh.journal.info("settings_reloaded")
        if stale := [name for name in STARTUP if getattr(old.settings, name) != getattr(settings, name)]:
            fresh.journal.warning("settings_need_restart", sections=",".join(stale))


_steps: list[Callable[[Services], None]] = []


def on_built(step: Callable[[Services], None]) -> Callable[[Services], None]:
    """Назначает, что сделать с каждыми собранными службами: дать им то, что умеет только точка входа."""
    _steps.append(step)
    return step


def _built(settings: Settings) -> Services:
    from services.container import build_services

    services = build_services(settings)
    for step in _steps:
        step(services)
    return services


_process = ProcessServices()


def process_services() -> Services:
    return _process.get()


class Current:
    """Службы, какими они стали: открытая страница после новых настроек видит новые, а не закрытые прежние."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services(), name)


def current_services() -> Services:
    """Возвращает службы процесса для того, кто переживёт перемену настроек."""
    return cast("Services", Current(process_services))


def withdraw_unsent() -> None:
    """Отзывает неотправленное в своём потоке: сигнал остановки ждать не может."""
    threading.Thread(target=_process.withdraw, name="withdraw", daemon=True).start()


def close_process_services() -> None:
    _process.close()


def forget_inherited_services() -> None:
    _process.forget()


def start_journal() -> None:
    from services.journal.process import start_journal

    start_journal(load_settings())
