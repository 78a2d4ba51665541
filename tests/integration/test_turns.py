"""Очерёдность сообщений в настоящем Redis: ближайшие — вперёд, филиалы — по кругу."""

import os
import subprocess
import sys

from celery import Celery

import celeryconfig
from config.loader import CONFIG_VARIABLE
from tests.support.world import World

HINTS = """
from tasks.hands import request_extracts
from tasks.records import hint
hint({f"F1_{number}": False for number in range(1, 31)})
hint({f"F2_{number}": False for number in range(1, 6)})
hint({"F1_99": True})
request_extracts(["F2"])
"""


def received(world: World, count: int) -> list[str]:
    """Возвращает, в каком порядке исполнитель взял бы столько сообщений."""
    taken: list[str] = []

    def take(body: object, message: object) -> None:
        arguments = body[0]  # type: ignore[index]
        taken.append(arguments[0])
        message.ack()  # type: ignore[attr-defined]

    conf = {**vars(celeryconfig), **celeryconfig.deployment(world.settings)}
    app = Celery(set_as_current=False)
    app.conf.update(
        {name: value for name, value in conf.items() if name.startswith(("broker_", "task_queues"))}
    )
    with app.connection_for_read() as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        queues = [queue(channel) for queue in app.conf.task_queues]
        with connection.Consumer(queues, channel=channel, callbacks=[take], accept=["json"]):
            while len(taken) < count:
                connection.drain_events(timeout=10)
    return taken


def test_today_goes_first_and_no_branch_waits_for_the_load_of_another(world: World) -> None:
    environment = {**os.environ, CONFIG_VARIABLE: str(world.path)}
    subprocess.run([sys.executable, "-c", HINTS], env=environment, check=True)
    order = received(world, 37)
    assert order[:2] == ["F2", "F1_99"]
    # Пять записей второго филиала ушли за круг каждая, а не после тридцати записей первого.
    assert max(order.index(f"F2_{number}") for number in range(1, 6)) < 2 + 2 * 5 + 1
    assert [uid for uid in order[2:] if uid.startswith("F1_")] == [f"F1_{number}" for number in range(1, 31)]
