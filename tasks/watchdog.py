"""Присмотр узла за собой: живой на вид, но ничего не делающий узел завершается, служба его перезапустит.

Процесс, переставший разбирать очередь, проверкой «жив ли процесс» не поймать. Узел сам шлёт себе
сообщение в собственную очередь и ждёт, что исполнит его; признаком жизни служит и всякая законченная задача.
Пока не отвечает сам Redis, часы присмотра стоят: перезапуск тут не поможет.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.signals import task_postrun

from services.domain.errors import StoreError
from tasks.names import LOOKUP

if TYPE_CHECKING:
    from services.container import Services

log = logging.getLogger("ident.node")

EXIT_STUCK = 70
#: Столько длится остановка самое большее: портал отвечает до минуты, остальное отозвано сразу.
STOP_SECONDS = 90.0
LOOKS_PER_TERM = 6


class Liveness:
    """Решение присмотра: сколько времени узел не подавал признаков жизни и не слушал своих очередей."""

    def __init__(self, term: timedelta, now: Callable[[], float] = time.monotonic) -> None:
        self._term, self._now = term.total_seconds(), now
        self._alive_at = self._heard_at = now()

    def alive(self) -> None:
        self._alive_at = self._now()

    def verdict(self, beat_age: float | None, unheard: Collection[str] = ()) -> str | None:
        """Возвращает, чем узел болен, или None.

        ``beat_age`` — секунды от тика расписания, None — его нет; ``unheard`` — очереди узла, которых он не
        слушает («Cancel consumer» во Flower).
        """
        now = self._now()
        if not unheard:
            self._heard_at = now
        if now - self._alive_at > self._term:
            return "задачи не исполняются"
        if beat_age is not None and beat_age > self._term:
            return "расписание стоит"
        if now - self._heard_at > self._term:
            return f"очереди не разбираются: {', '.join(sorted(unheard))}"
        return None


@dataclass(frozen=True, slots=True)
class Node:
    """Узел глазами присмотра: имя, как послать ему сообщение и каких своих очередей он не слушает."""

    name: str
    send: Callable[[], None]
    unheard: Callable[[], Collection[str]]


class Watchdog:
    """Поток присмотра одного узла."""

    def __init__(self, node: Node, term: timedelta) -> None:
        self._node, self._liveness = node, Liveness(term)
        self._pause = term.total_seconds() / LOOKS_PER_TERM
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        task_postrun.connect(self._finished, weak=False)
        self._thread.start()

    def stop(self) -> None:
        """Кончает присмотр: узел останавливают нарочно."""
        self._stopped.set()
        task_postrun.disconnect(self._finished)

    def _finished(self, sender: Any = None, **_: object) -> None:
        # Вопросы о планах исполняют отдельные потоки: об общем пуле они ничего не говорят (ADR 0010).
        if getattr(sender, "name", "") != LOOKUP:
            self._liveness.alive()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause):
            try:
                self._look()
            except Exception as error:
                log.warning("watchdog_failed error=%s", type(error).__name__)

    def _look(self) -> None:
        from tasks.process import process_services
        from tasks.schedule import heartbeat

        pulse = process_services().store.pulse
        if not pulse.answers():
            self._liveness.alive()
            return
        # Задачи prefork исполняют дети: об их жизни говорит отметка в Redis.
        age = pulse.ages().get(self._node.name)
        if age is not None and age.total_seconds() < 2 * self._pause + 1:
            self._liveness.alive()
        if (illness := self._liveness.verdict(heartbeat.age(), self._node.unheard())) is not None:
            log.error("node_stuck node=%s reason=%s", self._node.name, illness)
            logging.shutdown()
            os._exit(EXIT_STUCK)
        self._node.send()


class WatchdogStep(bootsteps.StartStopStep):
    """Присмотр как шаг исполнителя: начинается после пула и кончается вместе с ним."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._watchdog: Watchdog | None = None

    def start(self, worker: Any) -> None:
        from tasks.names import HEARTBEAT, node_queue
        from tasks.process import process_services

        name, queue, queues = worker.hostname, node_queue(worker.hostname), worker.app.amqp.queues
        own = set(queues.consume_from)

        def send() -> None:
            worker.app.send_task(HEARTBEAT, (name,), queue=queue, priority=0)

        def unheard() -> Collection[str]:
            return own - set(queues.consume_from)

        services = process_services()
        self._watchdog = Watchdog(Node(name, send, unheard), services.settings.sync.stuck_after)
        self._watchdog.start()
        _tell_durability(services)

    def stop(self, worker: Any) -> None:
        """Кончает присмотр, отзывает неотправленное и не даёт остановке длиться вечно."""
        from tasks.process import withdraw_unsent

        if self._watchdog is not None:
            self._watchdog.stop()
        withdraw_unsent()
        last_resort = threading.Timer(STOP_SECONDS, _give_up_stopping)
        last_resort.daemon = True
        last_resort.start()


def _give_up_stopping() -> None:
    """Завершает узел, который останавливается и не может: поток пула застрял."""
    log.error("node_stuck_stopping")
    logging.shutdown()
    os._exit(EXIT_STUCK)


def _tell_durability(services: "Services") -> None:
    """Называет в журнале настройки Redis, с которыми очередь может пропасть (ТЗ 4.1)."""
    try:
        for warning in services.store.durability():
            log.warning("redis_not_durable message=%s", warning)
    except StoreError as error:
        log.warning("redis_not_checked error=%s", error)
