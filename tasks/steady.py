"""Приём сообщений, который не умирает от непредвиденного.

Redis, остановленный в неудачный миг, оставляет Celery канал без соединения, и его отложенный вызов падает с
AttributeError («'NoneType' object has no attribute 'hostname'»). Обрывом связи Celery это не считает, и узел
завершался; теперь пересоединяется. Негодное сообщение (чужой срок годности, не те заголовки) отвергается.
Зацикленную беду поймает присмотр (tasks/watchdog.py).
"""

import logging
from collections.abc import Callable
from typing import Any

from celery import bootsteps

log = logging.getLogger("ident.node")


class SteadyConsumer(bootsteps.Step):
    """Шаг потребителя: подменяет его цикл и обработчик сообщений на выносливые."""

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        consumer.loop = steady(consumer, consumer.loop)
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
