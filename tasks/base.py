"""Общий предок задач: службы процесса и повторы по семейству ошибки (design 2.4)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from celery import Task
from celery.exceptions import Ignore

from services.domain.errors import RetriableError
from services.domain.retries import RetryIn, plan_retry

if TYPE_CHECKING:
    from services.container import Services

LONGEST_COUNTDOWN = 600.0  # дольше держать сообщение в памяти узла незачем: его поднимет maintenance.redrive

_lock = threading.Lock()
_services: list[Services] = []


def process_services() -> Services:
    """Возвращает службы процесса; собирает при первом обращении, то есть уже после fork."""
    from config.loader import load_settings
    from services.container import build_services
    from tasks.receptions import request_extracts

    with _lock:
        if not _services:
            services = build_services(load_settings())
            services.sync_now = request_extracts
            _services.append(services)
        return _services[0]


def close_process_services() -> None:
    """Закрывает службы процесса, если они собирались."""
    with _lock:
        if _services:
            _services.pop().close()


def start_journal() -> None:
    """Включает журналы процесса."""
    from config.loader import load_settings
    from services.container import start_journal

    start_journal(load_settings())


class SyncTask(Task):
    """Задача синхронизации: временный сбой повторяется сам, исход хранит очередь отправки."""

    autoretry_for = (RetriableError,)
    max_retries = None

    @property
    def services(self) -> Services:
        """Возвращает службы процесса."""
        return process_services()

    def retry(self, *args: Any, exc: Exception | None = None, **options: Any) -> Any:
        """Назначает повтор: срок — из ошибки или расписания семейства; долгие ждёт очередь отправки."""
        if isinstance(exc, RetriableError):
            options["countdown"] = self._countdown(exc)
        options.setdefault("max_retries", None)
        return super().retry(*args, exc=exc, **options)

    def _countdown(self, error: RetriableError) -> float:
        delay = error.retry_after if self.outlives_retries else None
        if delay is None:
            plan = plan_retry(error, self.request.retries)
            if not isinstance(plan, RetryIn):
                raise Ignore from None
            delay = plan.delay.total_seconds()
        if delay > LONGEST_COUNTDOWN:
            raise Ignore from None
        return delay

    #: Попытки считает очередь отправки, и срок повтора уже стоит в ошибке.
    outlives_retries = False
