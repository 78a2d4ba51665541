"""Приём сообщений, который не умирает от непредвиденного.

Redis, остановленный в неудачный миг, оставляет Celery канал без соединения, и его отложенный вызов падает с
AttributeError («'NoneType' object has no attribute 'hostname'»). Обрывом связи Celery это не считает, и узел
завершался; теперь пересоединяется. Негодное сообщение (чужой срок годности, не те заголовки) отвергается.
Зацикленную беду поймает присмотр (tasks/watchdog.py).
"""

import logging
import threading
from collections.abc import Callable
from functools import cache, partial
from queue import SimpleQueue
from typing import Any

from celery import bootsteps
from celery.worker.consumer.events import Events
from celery.worker.consumer.tasks import Tasks

log = logging.getLogger("ident.node")


#: Сколько секунд копятся события для Flower и сколько их уходит, не дожидаясь срока.
EVENTS_EVERY, EVENTS_AT_ONCE = 1.0, 500


class GatheredEvents(bootsteps.StartStopStep):
    """Шаг потребителя: события задач уходят Flower пачками; поодиночке они стоили узлу пятой части работы.

    Celery и сама копит их, но только в своём цикле событий (на Windows его нет) и до ближайшего его витка.
    """

    requires = (Events,)

    def start(self, consumer: Any) -> None:
        events, planned = consumer.event_dispatcher, threading.Lock()

        def flush() -> None:
            planned.release()
            events.flush()

        def plan() -> None:
            consumer.timer.call_after(EVENTS_EVERY, flush)

        def gathered() -> None:
            if planned.acquire(blocking=False):
                consumer.hub.call_soon(plan) if consumer.hub else plan()

        events.buffer_group, events.buffer_limit = frozenset(["task"]), EVENTS_AT_ONCE
        events.on_send_buffered = gathered


class LastingClient(bootsteps.StartStopStep):
    """Шаг потребителя: канал приёма держит одного клиента Redis.

    kombu собирает клиента заново на каждое обращение (``conn_or_acquire``): десятая часть работы узла.
    Клиент redis-py — лишь обёртка общего пула, потоки делят её свободно; с новым соединением новый и канал.
    """

    requires = (Tasks,)

    def start(self, consumer: Any) -> None:
        channel = consumer.task_consumer.channel
        channel._create_client = cache(channel._create_client)


class Acks:
    """Подтверждения сообщений: по одному в своём потоке.

    Пакет портала кончает полсотни задач разом. У канала kombu до десяти соединений с Redis, и подтверждения
    прямо из потоков задач (так Celery делает там, где нет цикла событий: на Windows) получали
    MaxConnectionsError: сообщение до переподключения занимало место среди взятых, и узел слушал всё меньше.
    В цикле событий каждое держало бы приём следующего сообщения. Подтверждать из другого потока kombu
    разрешает (virtual.base.QoS, «acks can be done by other threads»).
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()
        threading.Thread(target=self._run, name="acks", daemon=True).start()

    def soon(self, ack: Callable[..., object], *args: Any, **options: Any) -> None:
        self._waiting.put(partial(ack, *args, **options))

    def _run(self) -> None:
        while True:
            try:
                self._waiting.get()()
            except Exception as error:
                log.error("message_not_acknowledged error=%s", type(error).__name__)


class SteadyConsumer(bootsteps.Step):
    """Шаг потребителя: подменяет его цикл, обработчик сообщений и подтверждения на выносливые."""

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        consumer.loop = steady(consumer, consumer.loop)
        consumer.call_soon_ack = Acks().soon
        new_handler = consumer.create_task_handler
        consumer.create_task_handler = lambda *args: forgiving(consumer, new_handler(*args))


def steady(consumer: Any, loop: Callable[..., Any]) -> Callable[..., Any]:
    """Возвращает цикл, чьи непредвиденные ошибки Celery поймёт как обрыв связи и пересоединится."""

    def run(*args: Any, **options: Any) -> Any:
        try:
            return loop(*args, **options)
        except (*consumer.connection_errors, *consumer.channel_errors):
            raise
        except Exception as error:
            log.error("message_loop_broken error=%s", type(error).__name__)
            raise ConnectionResetError("цикл приёма прерван") from error

    return run


def forgiving(consumer: Any, handle: Callable[[Any], None]) -> Callable[[Any], None]:
    """Возвращает обработчик, который отвергает сообщение, не понятное и самой Celery."""

    def take(message: Any) -> None:
        try:
            handle(message)
        except consumer.connection_errors:
            raise
        except Exception as error:
            log.error("message_refused error=%s", type(error).__name__)
            message.reject_log_error(log, consumer.connection_errors)

    return take
