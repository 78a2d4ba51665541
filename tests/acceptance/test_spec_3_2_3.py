"""СПЕЦ 3.2.3 № 1: связь медленная и рвётся — данные опаздывают, но не теряются и не двоятся."""

from pathlib import Path

import pytest

from bench.campaign.wire import Proxy
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.node import NODE, Process, eventually
from tests.support.quick import book, delivered, quick

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("acceptance-faults")]

SLOW_LINE = PortalOptions(rate=1000, threshold=1000, latency_ms=200)


def test_lossy_and_slow_line_only_delays(tmp_path: Path, redis_url: str) -> None:
    """Задержка 200 мс, а после каждого десятого приёма рвётся всё, что летит."""
    with PortalServer(SLOW_LINE) as portal, Proxy(portal.port) as wire:
        webhook = portal.url.replace(str(portal.port), str(wire.port))
        world = quick(tmp_path / "world", redis_url, portal, portal={"webhook": webhook, "batch_size": 6})
        with Process(world.path, NODE):
            uids = set()
            for number in range(1, 41):
                uids.add(book(world, number))
                if number % 10 == 0:
                    eventually(lambda: world.services.store.outbox.size("F1") or delivered(world) == uids)
                    wire.drop()
            eventually(lambda: delivered(world) == uids)
            eventually(lambda: not world.services.store.outbox.size("F1"))
        assert len(world.contacts()) == len(uids)
        world.close()
