"""Общий предок задач: службы процесса и повторы по семейству ошибки (СПЕЦ 3.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Task
from celery.exceptions import Ignore

from services.domain.errors import RetriableError
from services.domain.keys import KEY
from services.domain.retries import RetryIn, plan_retry
from services.journal.lines import told
from tasks.process import close_process_services, process_services, start_journal
from tasks.tickets import ticket_of

if TYPE_CHECKING:
    from services.container import Services

__all__ = ["SyncTask", "close_process_services", "process_services", "start_journal"]

LONGEST_COUNTDOWN = 600.0  # дольше держать сообщение в памяти узла незачем: его поднимет maintenance.redrive


class TaskFailed(Exception):
    """Неудача задачи словами; людей и секретов в ней нет."""


class SyncTask(Task):
    """Задача синхронизации: временный сбой повторяется сам, исход хранит очередь отправки."""

    autoretry_for = (RetriableError,)
    max_retries = None

    @property
    def services(self) -> Services:
        return process_services()

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Гасит талон периодической задачи; залежавшееся сообщение и копия не работают."""
        ticket = ticket_of(self.request)
        if ticket is not None and not self.services.store.ticks.redeem(*ticket):
            raise Ignore

    def retry(self, *args: Any, exc: Exception | None = None, **options: Any) -> Any:
        """Назначает повтор: срок — из ошибки или расписания семейства; долгие ждёт очередь отправки."""
        if isinstance(exc, RetriableError):
            options["countdown"] = self._countdown(exc)
        options.setdefault("max_retries", None)
        return super().retry(*args, exc=exc, **options)

    def on_retry(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Отпускает слепок стека (billiard): он весит до полумегабайта, а повтор назначен и записан."""
        einfo.tb = None

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Пересказывает неудачу для Flower: без чужих слов, с адресом страницы, где её разбирают."""
        uid = str(args[0]) if args else ""
        where = f"record?q={uid}" if KEY.fullmatch(uid) else ""
        said = str(exc) if isinstance(exc, TaskFailed) else told(exc)
        text = f"{said}. Разобрать и вернуть в очередь: {self.app.conf.page}{where}"
        einfo.exception, einfo.traceback = TaskFailed(text), text

    def _countdown(self, error: RetriableError) -> float:
        delay = error.retry_after if self.outlives_retries else None
        if delay is None:
            schedules = self.services.settings.retries.schedules
            plan = plan_retry(error, self.request.retries, schedules)
            if not isinstance(plan, RetryIn):
                raise Ignore from None
            delay = plan.delay.total_seconds()
        if delay > LONGEST_COUNTDOWN:
            raise Ignore from None
        return delay

    #: Попытки считает очередь отправки, и срок повтора уже стоит в ошибке.
    outlives_retries = False
