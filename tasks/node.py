"""Узел служебного компьютера: исполнитель и расписание в одном процессе (ADR 0006)."""

import logging
from typing import Any

from celery import bootsteps
from celery.beat import EmbeddedService, Service

from tasks.process import current_services

log = logging.getLogger("ident.node")

#: Как часто узел говорит Flower, что жив. Обычные у Celery две секунды будили бы оба процесса весь день.
HEARTBEAT_SECONDS = 20.0


class BeatStep(bootsteps.StartStopStep):
    """Расписание в потоке исполнителя: ключ -B на Windows запрещён, а поток работает."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._service: Any = None

    def start(self, worker: Any) -> None:
        # Имя расписания узел Celery из настроек не берёт: без него часы и файл снова стали бы его.
        scheduler = worker.app.conf.beat_scheduler
        self._service = EmbeddedService(worker.app, thread=True, scheduler_cls=scheduler)
        self._service.start()

    def stop(self, worker: Any) -> None:
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

        if pages := sites(current_services()):
            self._servers = Servers(pages, lambda error: log.error("page_not_served error=%s", error))
            self._servers.start()

    def stop(self, worker: Any) -> None:
        if self._servers is not None:
            self._servers.stop()


def run_node(app: Any, **options: Any) -> int:
    """Запускает узел целиком и ждёт остановки; возвращает код завершения."""
    app.steps["worker"].add(BeatStep)
    app.steps["worker"].add(WebStep)
    return run_worker(app, **options)


def run_worker(app: Any, **options: Any) -> int:
    """Запускает исполнителя с настройками исполнителя Celery и ждёт остановки; возвращает код завершения.

    Заставки нет: печатать её некому, а при полном диске печать уронила бы узел (ТЗ 7.1.4 № 5).
    """
    worker = app.Worker(
        quiet=True, without_gossip=True, without_mingle=True, heartbeat_interval=HEARTBEAT_SECONDS, **options
    )
    worker.start()
    return 0 if _stopped_by_signal() else int(worker.exitcode or 1)


def run_beat(app: Any) -> int:
    """Запускает расписание одно, до сигнала; самих задач оно не грузит: шлёт их по имени."""
    import signal

    from tasks.memory import keep_one_arena, keep_settled
    from tasks.process import start_journal

    keep_one_arena()
    start_journal()
    service = Service(app, scheduler_cls=app.conf.beat_scheduler)
    keep_settled()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, _leave)
    service.start()
    return 0


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _stopped_by_signal() -> bool:
    """Отвечает, остановлен ли узел вежливым сигналом: на Ctrl+C Celery и тогда отвечает кодом сбоя (1).

    Всё прочее — сбой: остановленный из Flower («Shut Down») Celery ответил бы кодом 0, и служба его бы
    не подняла (ТЗ 3.3.1).
    """
    from celery.worker import state

    asked = state.should_stop is not None and state.should_stop is not False
    return asked and not state.should_terminate
