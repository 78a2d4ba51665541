"""Включение журналов процесса: обычный, безопасности и поток ошибок; все — через одну маску."""

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from services.journal.daily import DailyFile, disk_used
from services.journal.events import SECURITY as SECURITY_LOGGER
from services.journal.kinds import SECURITY
from services.journal.lines import LineFormatter
from services.journal.masking import Masker

if TYPE_CHECKING:
    from config.models import JournalSettings
    from services.ports import Clock

MAIN, AUDIT = "integration_log", "security_log"
#: Их обычные записи — по нескольку на каждую задачу — утопили бы события приёмов.
QUIET = (
    "celery.app.trace",
    "celery.worker.strategy",
    "celery.beat",
    "urllib3",
    "requests",
    "kombu",
    "amqp",
    "httpx",
    "asyncio",
    "tornado.access",
    "uvicorn.access",
)


def configure_journal(
    settings: "JournalSettings",
    secrets: Iterable[str] = (),
    clock: "Clock | None" = None,
    disk: Callable[[Path], float] = disk_used,
    console: bool = True,
) -> None:
    """Включает журналы заново; прежние закрываются, поэтому повтор с новыми секретами безвреден.

    ``console=False`` — для команд администратора: они говорят с человеком сами.
    """
    stop_journal()
    formatter = LineFormatter(Masker(secrets))
    limit = settings.daily_limit_mb * 2**20
    main = DailyFile(settings.folder, MAIN, settings.keep_days, limit, disk)
    audit = DailyFile(settings.folder, AUDIT, settings.keep_days, limit, disk)
    main.addFilter(lambda record: record.name != SECURITY_LOGGER)
    audit.addFilter(is_security)
    for handler in (main, audit, *([_console()] if console else ())):
        handler.setFormatter(formatter)
        if clock is not None:
            handler.addFilter(_stamp(clock))
        _attach(handler)
    _set_levels(settings.level)


def stop_journal() -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, (DailyFile, _Console)):
            root.removeHandler(handler)
            handler.close()


def journal_is_on() -> bool:
    return any(isinstance(handler, DailyFile) for handler in logging.getLogger().handlers)


def is_security(record: logging.LogRecord) -> bool:
    """Отвечает, место ли записи в журнале безопасности (СПЕЦ 3.4.3)."""
    return record.name == SECURITY_LOGGER or getattr(record, "event", None) in SECURITY


class _Console(logging.StreamHandler[TextIO]):
    """Поток ошибок."""


def _console() -> _Console:
    """Человеку в окне показывает всё; файлу службы — только важное: остальное есть в журнале."""
    handler = _Console(sys.stderr)
    handler.setLevel(logging.NOTSET if sys.stderr.isatty() else logging.WARNING)
    return handler


def _attach(handler: logging.Handler) -> None:
    logging.getLogger().addHandler(handler)


def _set_levels(level: str) -> None:
    logging.getLogger().setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _stamp(clock: "Clock") -> Callable[[logging.LogRecord], bool]:
    """Возвращает фильтр, ставящий записям время часов службы."""

    def stamp(record: logging.LogRecord) -> bool:
        record.created = clock.now().timestamp()
        return True

    return stamp


def catch_uncaught() -> None:
    """Отправляет необработанные исключения в журнал под маску, а не трассировкой в поток ошибок."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    logging.getLogger("ident.process").critical("uncaught", exc_info=(kind, error, trace))
