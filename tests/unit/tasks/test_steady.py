"""Выносливый приём: непредвиденная ошибка — пересоединение, негодное сообщение — отказ, а не смерть узла."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.worker.consumer import Consumer as RealConsumer
from kombu import Connection, Consumer, Queue

from tasks.steady import EVENTS_EVERY, GatheredEvents, SteadyConsumer
from tests.support.node import eventually
from tests.support.redis_process import RedisProcess


def looped(error: BaseException) -> Any:
    """Возвращает потребителя, чей цикл кончается этой ошибкой."""

    def loop(*_: object) -> None:
        raise error

    consumer = SimpleNamespace(
        loop=loop,
        create_task_handler=lambda: loop,
        connection_errors=(OSError,),
        channel_errors=(KeyError,),
    )
    SteadyConsumer(consumer)
    return consumer


@pytest.mark.parametrize(
    "error",
    [AttributeError("'NoneType' object has no attribute 'hostname'"), ValueError("не JSON"), TypeError()],
    ids=lambda error: type(error).__name__,
)
def test_unforeseen_error_is_a_lost_connection(error: Exception) -> None:
    consumer = looped(error)
    with pytest.raises(consumer.connection_errors) as caught:
        consumer.loop(consumer)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [TimeoutError("связь"), KeyError("канал"), WorkerShutdown(0)], ids=repr)
def test_what_celery_understands_passes_as_it_is(error: BaseException) -> None:
    consumer = looped(error)
    with pytest.raises(type(error)) as caught:
        consumer.loop(consumer)
    assert caught.value is error


def test_acknowledgements_of_tasks_that_end_together_go_one_by_one_and_none_is_lost() -> None:
    """Из потоков задач их было бы полсотни сразу — больше, чем соединений у канала kombu."""
    assert hasattr(RealConsumer, "call_soon_ack"), "Celery подтверждает иначе: подмена ничего не меняет"
    consumer, done, now, most = looped(OSError()), list[int](), list[int](), list[int]()

    def ack(number: int) -> None:
        now.append(number)
        most.append(len(now))
        time.sleep(0.001)
        now.remove(number)
        done.append(number)
        if number % 10 == 0:
            raise OSError("связь")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(partial(consumer.call_soon_ack, ack), range(50)))
    eventually(lambda: len(done) == 50)
    assert (sorted(done), max(most)) == (list(range(50)), 1)


def test_message_that_celery_itself_does_not_understand_is_refused() -> None:
    refused: list[object] = []
    message = SimpleNamespace(reject_log_error=lambda *args: refused.append(args))
    looped(TypeError("заголовки")).create_task_handler()(message)
    assert len(refused) == 1
    with pytest.raises(OSError, match="связь"):
        looped(OSError("связь")).create_task_handler()(message)
    assert len(refused) == 1


def test_call_over_a_channel_that_outlived_its_redis_is_a_lost_connection(tmp_path: Path) -> None:
    """Настоящая гонка: Redis погиб, соединение отпущено, а отложенный вызов канала ещё не знает."""
    server = RedisProcess(tmp_path / "redis")
    server.start()
    with Connection(server.url) as connection:
        channel, queue = connection.channel(), Queue("q")
        Consumer(channel, [queue], on_message=lambda _: None, accept=["json"]).consume()
        connection.Producer(channel).publish("x", routing_key="q", exchange="", declare=[queue])
        connection.drain_events(timeout=10)  # взято и не подтверждено: закрытие захочет вернуть и сорвётся
        server.stop()
        connection.release()
        channel._disconnect_pools()  # то же сделал бы сам канал, закрываясь во второй раз

        def late(*_: object) -> None:
            channel.qos.restore_visible()

        consumer = SimpleNamespace(
            loop=late,
            create_task_handler=lambda: late,
            connection_errors=connection.connection_errors,
            channel_errors=connection.channel_errors,
        )
        SteadyConsumer(consumer)
        with pytest.raises(ConnectionResetError) as caught:
            consumer.loop()
    assert "'NoneType' object has no attribute 'hostname'" in str(caught.value.__cause__)


@pytest.mark.parametrize("hub", [True, False], ids=["цикл событий", "без него, как на Windows"])
def test_events_of_tasks_leave_for_flower_together(hub: bool) -> None:
    """Считаются обращения к брокеру: событие за событием они стоили узлу пятой части его работы."""
    app, later, soon = Celery(broker="memory://", set_as_current=False), [], []
    published: list[list[object]] = []
    with app.connection_for_write() as connection:
        events = app.events.Dispatcher(connection, hostname="узел")
        events.producer = SimpleNamespace(publish=lambda body, **_: published.append(list(body)))
        consumer = SimpleNamespace(
            event_dispatcher=events,
            hub=SimpleNamespace(call_soon=soon.append) if hub else None,
            timer=SimpleNamespace(call_after=lambda seconds, flush: later.append((seconds, flush))),
        )
        GatheredEvents(SimpleNamespace()).start(consumer)
        for _ in range(2):
            for number in range(30):
                events.send("task-received", uuid=str(number))
            for plan in soon:
                plan()
            [(seconds, flush)] = later
            assert seconds == EVENTS_EVERY
            soon.clear()
            later.clear()
            flush()
    assert list(map(len, published)) == [30, 30]
