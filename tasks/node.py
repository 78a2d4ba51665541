"""Узел служебного компьютера: исполнитель и расписание в одном процессе (ADR 0006)."""

import logging
from typing import Any

from celery import bootsteps
from celery.beat import EmbeddedService

from tasks.base import process_services

log = logging.getLogger("ident.node")


class BeatStep(bootsteps.StartStopStep):
    """Расписание в потоке исполнителя: ключ -B на Windows запрещён, а поток работает."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._service: Any = None

    def start(self, worker: Any) -> None:
        """Запускает расписание."""
        # Имя расписания узел Celery из настроек не берёт: без него часы и файл снова стали бы его.
        scheduler = worker.app.conf.beat_scheduler
        self._service = EmbeddedService(worker.app, thread=True, scheduler_cls=scheduler)
        self._service.start()

    def stop(self, worker: Any) -> None:
        """Останавливает расписание."""
        if self._service is not None:
            self._service.stop()


class WebStep(bootsteps.StartStopStep):
    """Страницы узла в потоке исполнителя; их библиотеки грузятся, только если показывать есть что."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._servers: Any = None

    def start(self, worker: Any) -> None:
        """Открывает страницы; занятый порт не мешает узлу синхронизировать."""
        from services.web.server import Servers
        from tasks.pages import sites

        if pages := sites(process_services()):
            self._servers = Servers(pages, lambda error: log.error("page_not_served error=%s", error))
            self._servers.start()

    def stop(self, worker: Any) -> None:
        """Закрывает страницы."""
        if self._servers is not None:
            self._servers.stop()


def run_node(app: Any, **options: Any) -> int:
    """Запускает узел с настройками исполнителя Celery и ждёт остановки; возвращает код завершения.

    Исполнитель собирается сам, без команды celery: она грузит все свои подкоманды и расширения — Flower,
    prompt_toolkit, — и узел носил бы их 20 МБ. Заставки тоже нет: печатать её некому, а при полном диске
    печать уронила бы узел (ТЗ 7.1.4 № 5).
    """
    app.steps["worker"].add(BeatStep)
    app.steps["worker"].add(WebStep)
    worker = app.Worker(quiet=True, without_gossip=True, without_mingle=True, **options)
    worker.start()
    return 0 if _stopped_by_signal() else int(worker.exitcode or 1)


def _stopped_by_signal() -> bool:
    """Отвечает, остановлен ли узел вежливым сигналом: на Ctrl+C Celery и тогда отвечает кодом сбоя (1).

    Всё прочее — сбой: остановленный из Flower («Shut Down») Celery ответил бы кодом 0, и служба его бы
    не подняла (ТЗ 3.3.1).
    """
    from celery.worker import state

    asked = state.should_stop is not None and state.should_stop is not False
    return asked and not state.should_terminate
