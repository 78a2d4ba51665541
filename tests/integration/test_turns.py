"""Очерёдность сообщений в настоящем Redis: ближайшие — вперёд, филиалы — по кругу."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery

import celeryconfig
from bench.campaign.wire import Proxy
from config.loader import CONFIG_VARIABLE
from demo.portal.server import PortalServer
from tests.support.world import World

HINTS = """
from tasks.hands import request_extracts
from tasks.records import hint
hint({f"F1_{number}": False for number in range(1, 31)})
hint({f"F2_{number}": False for number in range(1, 6)})
hint({"F1_99": True})
request_extracts(["F2"])
"""

PAGE = """
import sys
from tasks.records import celery_app, hint
hint({"F1_1": False})
with celery_app.producer_or_acquire() as producer:
    print("шлёт пачкой" if producer.supports_batch_publish else "шлёт по одной", flush=True)
hint({f"F1_{number}": False for number in range(2, 52)})
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


def test_page_of_hints_cut_on_its_way_is_sent_again(
    tmp_path: Path, world: World, redis_url: str, portal: PortalServer
) -> None:
    port = urlsplit(redis_url).port or 0
    with Proxy(port, delay=1.0) as wire:
        far = World(tmp_path / "far", redis_url.replace(f":{port}", f":{wire.port}"), portal)
        environment = {**os.environ, CONFIG_VARIABLE: str(far.path)}
        command = [sys.executable, "-c", PAGE]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as sending:
            assert sending.stdout is not None
            assert sending.stdout.readline() == "шлёт пачкой\n"
            time.sleep(0.5)  # пачка уже в проводе и до Redis ещё не дошла
            wire.drop()
            wire.delay = 0.0
            assert sending.wait(60) == 0
        far.close()
    assert {*received(world, 51)} == {f"F1_{number}" for number in range(1, 52)}
