"""Свой уголок для вопросов о планах: очередь, канал и два потока, не занятые отправкой (ADR 0010).

Сто потоков исполнителя могут все ждать портал, и тогда вопрос человека ждал бы вместе с ними. Здесь вопросы
берёт тот же исполнитель по тому же соединению с Redis, но выполняют их отдельные потоки.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import bootsteps

from celeryconfig import LOOKUP, plans_queue_of

log = logging.getLogger("ident.node")

THREADS = 2
#: Сверх выполняемых: чтобы следующий вопрос не ждал похода в Redis.
PREFETCH = THREADS * 2


class Room:
    """Исполнитель глазами стратегии Celery: всё как у него, но задачи уходят в другой пул."""

    def __init__(self, consumer: Any, pool: Any) -> None:
        self._consumer, self.pool = consumer, pool

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def on_task_request(self, request: Any) -> None:
        """Отдаёт задачу потокам уголка."""
        from celery.exceptions import TaskRevokedError

        try:
            request.execute_using_pool(self.pool)
        except TaskRevokedError:
            # Вопрос истёк: человек уже получил отказ по времени.
            return


class LookupRoom(bootsteps.ConsumerStep):
    """Шаг потребителя: слушает очереди вопросов о планах."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._pool: Any = None

    def start(self, c: Any) -> None:
        """Открывает уголок; в пуле не из потоков вопросы выполняет он сам."""
        names = lookup_queues()
        if not runs_threads(c.pool):
            for name in names:
                c.add_task_queue(name)
            return
        self._pool = new_pool(c.app)
        self.consumers = [listener(c, names, Room(c, self._pool))]
        self.consumers[0].consume()

    def stop(self, c: Any) -> None:
        """Закрывает уголок: связь порвалась или узел останавливается."""
        super().stop(c)
        self._close_pool()

    def shutdown(self, c: Any) -> None:
        """Закрывает уголок при остановке узла."""
        super().shutdown(c)
        self._close_pool()

    def _close_pool(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool = None


def runs_threads(pool: Any) -> bool:
    """Отвечает, из потоков ли пул исполнителя."""
    return "thread" in type(pool).__module__


def lookup_queues() -> list[str]:
    """Возвращает очереди вопросов филиалов этого узла."""
    from config.loader import load_settings

    return [plans_queue_of(branch.branch_id) for branch in load_settings().served]


def new_pool(app: Any) -> Any:
    """Возвращает запущенные потоки уголка."""
    from celery.concurrency.thread import TaskPool

    pool = TaskPool(THREADS, app=app)
    pool.start()
    return pool


def listener(consumer: Any, names: list[str], room: Room) -> Any:
    """Возвращает слушателя очередей на своём канале: у канала свой счёт неподтверждённых сообщений."""
    from kombu.entity import Queue
    from kombu.messaging import Consumer

    queues = [Queue(name, routing_key=name) for name in names]
    found = Consumer(
        consumer.connection.channel(), queues, on_message=handler(consumer, room), accept=["json"]
    )
    found.qos(prefetch_count=PREFETCH)
    return found


def handler(consumer: Any, room: Room) -> Callable[[Any], None]:
    """Возвращает обработчик сообщения: обычная стратегия Celery, поэтому Flower видит и эти задачи."""
    from celery.worker.strategy import default
    from vine import promise

    strategy = default(consumer.app.tasks[LOOKUP], consumer.app, room)

    def take(message: Any) -> None:
        if message.headers.get("task") != LOOKUP:
            message.reject_log_error(log, consumer.connection_errors)
            return
        ack = promise(consumer.call_soon_ack, (message.ack_log_error,))
        reject = promise(consumer.call_soon_ack, (message.reject_log_error,))
        strategy(message, None, ack, reject, [])

    return take
