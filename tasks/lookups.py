"""Вопросы о планах: свои очереди, канал и два потока, не занятые отправкой (ADR 0010).

Двести потоков исполнителя могут все ждать портал, и тогда вопрос человека ждал бы вместе с ними. Вопросы
берёт тот же исполнитель по тому же соединению с Redis, но выполняют их отдельные потоки.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps

from tasks.names import LOOKUP, plans_queue_of
from tasks.steady import forgiving

THREADS = 2
#: Сверх выполняемых: чтобы следующий вопрос не ждал похода в Redis.
PREFETCH = THREADS * 2


class OtherPool:
    """Потребитель Celery, чьи задачи уходят в другой пул и знакома ему одна; всё остальное — как у него."""

    def __init__(self, consumer: Any, pool: Any) -> None:
        from celery.worker.strategy import default

        self._consumer, self.pool = consumer, pool
        self.strategies = {LOOKUP: default(consumer.app.tasks[LOOKUP], consumer.app, self)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def on_task_request(self, request: Any) -> None:
        from celery.exceptions import TaskRevokedError

        try:
            request.execute_using_pool(self.pool)
        except TaskRevokedError:
            # Вопрос истёк: человек уже получил отказ по времени.
            return


class LookupConsumer(bootsteps.ConsumerStep):
    """Шаг потребителя: слушает очереди вопросов о планах."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._pool: Any = None

    def start(self, c: Any) -> None:
        """Начинает слушать; в пуле не из потоков вопросы выполняет он сам."""
        names = lookup_queues()
        if not runs_threads(c.pool):
            for name in names:
                c.add_task_queue(name)
            return
        self._pool = new_pool(c.app)
        self.consumers = [listener(c, names, OtherPool(c, self._pool))]
        self.consumers[0].consume()

    def stop(self, c: Any) -> None:
        """Перестаёт слушать: связь порвалась или узел останавливается."""
        try:
            super().stop(c)
        finally:
            self._close_pool()

    def shutdown(self, c: Any) -> None:
        try:
            super().shutdown(c)
        finally:
            self._close_pool()

    def _close_pool(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool = None


def runs_threads(pool: Any) -> bool:
    return "thread" in type(pool).__module__


def lookup_queues() -> list[str]:
    from config.loader import load_settings

    return [plans_queue_of(branch.branch_id) for branch in load_settings().served]


def new_pool(app: Any) -> Any:
    from celery.concurrency.thread import TaskPool

    pool = TaskPool(THREADS, app=app)
    pool.start()
    return pool


def listener(consumer: Any, names: list[str], other: OtherPool) -> Any:
    """Возвращает слушателя очередей на своём канале: у канала свой счёт неподтверждённых сообщений."""
    from celery.worker.consumer import Consumer
    from kombu.entity import Queue
    from kombu.messaging import Consumer as Listener

    queues = [Queue(name, routing_key=name) for name in names]
    # Обработчик — самой Celery: Flower видит и эти задачи, а негодное сообщение узла не роняет.
    found = Listener(
        consumer.connection.channel(),
        queues,
        on_message=forgiving(consumer, Consumer.create_task_handler(other)),
        on_decode_error=consumer.on_decode_error,
        accept=["json"],
    )
    found.qos(prefetch_count=PREFETCH)
    return found
