"""Испытания отказоустойчивости ТЗ 7.1.4: настоящие узел, Redis и обрывы; минуты сжаты в секунды."""

from pathlib import Path

import pytest

from bench.campaign.wire import Proxy, Wire
from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from tests.support.node import NODE, Process, eventually
from tests.support.odbc import DATABASES, FakeServer
from tests.support.quick import book, delivered, quick
from tests.support.redis_process import RedisProcess

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("acceptance-faults")]


def test_7_1_4_1_network_cut_queues_the_data_and_sends_it_after(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    with Proxy(portal.port) as wire:
        webhook = portal.url.replace(str(portal.port), str(wire.port))
        world = quick(tmp_path / "world", redis_url, portal, portal={"webhook": webhook})
        with Process(world.path, NODE) as node:
            first = book(world, 1)
            eventually(lambda: first in delivered(world))
            wire.set(Wire.CUT)
            uids = {book(world, number) for number in range(2, 12)}
            eventually(lambda: world.services.store.outbox.size("F1") >= len(uids))
            eventually(lambda: "portal_resting" in node.text())
            wire.set(Wire.WHOLE)
            eventually(lambda: delivered(world) == uids | {first})
            eventually(lambda: not world.services.store.outbox.size("F1"))
        world.close()


def test_7_1_4_2_power_loss_in_the_middle_of_a_sync_is_gone_on_with(
    tmp_path: Path, portal: PortalServer
) -> None:
    with RedisProcess(tmp_path / "redis", aof=True) as redis:
        world = quick(tmp_path / "world", redis.url, portal, portal={"batch_size": 4})
        uids = {book(world, number) for number in range(40)}
        node = Process(world.path, NODE)
        node.start()
        eventually(lambda: world.deals())
        node.kill()
        redis.kill()
        before = delivered(world)
        redis.start()
        with Process(world.path, NODE):
            eventually(lambda: delivered(world) == uids)
        assert before <= uids
        assert len(world.contacts()) == len(uids)
        world.close()


@pytest.mark.parametrize("kind", [FaultKind.INTERNAL_ERROR, FaultKind.INTERNAL_ERROR_AFTER])
def test_7_1_4_3_portal_500_is_retried_and_kept_in_the_queue(
    tmp_path: Path, redis_url: str, portal: PortalServer, kind: FaultKind
) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    portal.portal.faults.add(Fault(kind, times=None))
    with Process(world.path, NODE):
        uids = {book(world, number) for number in range(6)}
        eventually(lambda: any(entry.attempts for entry in world.services.store.outbox.entries("F1")))
        assert world.services.store.outbox.size("F1") == len(uids)
        portal.portal.faults.clear()
        eventually(lambda: delivered(world) == uids)
        eventually(lambda: not world.services.store.outbox.size("F1"))
    assert len(world.contacts()) == len(uids)
    world.close()


def test_7_1_4_4_stopped_sql_server_is_told_and_found_again(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal, databases=DATABASES)
    server = FakeServer(world.ident.path)
    with Process(world.path, NODE, **server.variables) as node:
        first = book(world, 1)
        eventually(lambda: first in delivered(world))
        server.stop()
        second = book(world, 2)
        eventually(lambda: node.told("extract_failed") >= 2)
        assert "тайна" not in "\n".join([node.text(), *node.journal()])
        server.start()
        eventually(lambda: delivered(world) == {first, second})
    assert server.most_connections() == 1
    world.close()


def test_7_1_4_5_full_disk_does_not_stop_the_sync(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    """Ни журнал, ни папка состояния не пишутся (``/dev/full``, папки нет и не создать) — приёмы идут.

    Предупреждение о диске и ограничение журнала проверяет tests/acceptance журналов (эксплуатация).
    """
    blocked = tmp_path / "занято"
    blocked.write_text("")
    world = quick(
        tmp_path / "world",
        redis_url,
        portal,
        journal={"folder": str(blocked / "logs")},
        node={"state_dir": str(blocked / "state")},
    )
    node = Process(world.path, NODE)
    node.output = Path("/dev/full")
    node.start()
    try:
        uids = {book(world, number) for number in range(5)}
        eventually(lambda: delivered(world) == uids)
        assert node.alive
    finally:
        node.kill()
    world.close()
