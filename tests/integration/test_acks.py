"""Подтверждения: пакет кончает полсотни задач разом, и каждое сообщение должно быть подтверждено.

У канала kombu до десяти соединений с Redis: больше подтверждений сразу — MaxConnectionsError.
Неподтверждённое до переподключения занимает место среди взятых: узел, терявший их так, переставал слушать.
На Windows цикла событий нет, и Celery 5.7 подтверждает прямо из потоков задач (Consumer.call_soon_ack).
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.campaign.wire import Proxy
from demo.portal.server import PortalServer
from tests.integration.test_worker import send_extract
from tests.support.node import THREADS, WINDOWS, Process, eventually
from tests.support.world import World

pytestmark = pytest.mark.node
TOGETHER = 80


@pytest.mark.parametrize("worker", [THREADS, WINDOWS], ids=["threads", "windows"])
def test_every_message_is_acknowledged_when_half_a_hundred_tasks_end_at_once(
    tmp_path: Path, redis_url: str, portal: PortalServer, worker: Sequence[str]
) -> None:
    port = urlsplit(redis_url).port or 0
    with Proxy(port, 0.012) as wire:
        url = redis_url.replace(f":{port}", f":{wire.port}")
        world = World(tmp_path, url, portal, portal={"requests_per_second": 2.0, "burst": 1})
        for number in range(TOGETHER):
            world.book(world.patient(phone=f"+790377700{number:02}"))
        with Process(world.path, worker) as process:
            send_extract(world, "F1")
            eventually(lambda: len(world.deals()) == TOGETHER)
            eventually(lambda: not sum(world.services.store.outbox.depth("F1").values()))
            eventually(lambda: unacknowledged(world) == 0, seconds=20)
            assert not [line for line in process.journal() if "CRITICAL" in line]
        world.close()


def unacknowledged(world: World) -> int:
    """Возвращает, сколько сообщений взято и не подтверждено."""
    return int(world.services.store.redis.hlen(f"{world.settings.redis.prefix}:celery:unacked"))
