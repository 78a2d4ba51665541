"""Настоящий узел под настоящими бедами: Redis, база, портал, расписание, остановка, настройки."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from demo.portal.options import PortalOptions, WebhookKey
from demo.portal.server import PortalServer
from services.domain.outbox import EntryState
from tests.support.node import BEAT, NODE, PREFORK, THREADS, Process, Service, eventually
from tests.support.odbc import DATABASES, FakeServer
from tests.support.quick import QUICK, book, quick
from tests.support.redis_process import RedisProcess
from tests.support.world import World

#: Строка журнала: талон на этот промежуток взяло другое расписание.
SPARED = "schedule_already_sent entry=extract-receptions-F1"

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("node-faults")]


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[RedisProcess]:
    """Redis с журналом на диске, свой у проверки."""
    with RedisProcess(tmp_path / "redis", aof=True) as redis:
        yield redis


def test_node_outlives_stopped_killed_and_wiped_redis(
    tmp_path: Path, lasting: RedisProcess, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", lasting.url, portal)
    with Service(world.path, NODE):
        before = book(world, 1)
        eventually(lambda: world.deals(before))
        lasting.stop()
        first = book(world, 2)
        time.sleep(1)
        lasting.start()
        eventually(lambda: world.deals(first))
        lasting.kill()
        lasting.start()
        second = book(world, 3)
        eventually(lambda: world.deals(second))
        with lasting.client() as client:
            client.flushall()
        third = book(world, 4)
        eventually(lambda: world.deals(third))
    uids = [deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()]
    assert len(uids) == len(set(uids))
    world.close()


def test_separate_worker_and_beat_outlive_a_wiped_redis(
    tmp_path: Path, lasting: RedisProcess, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", lasting.url, portal)
    with Service(world.path, THREADS), Service(world.path, BEAT):
        first = book(world, 11)
        eventually(lambda: world.deals(first))
        with lasting.client() as client:
            client.flushall()
        second = book(world, 12)
        eventually(lambda: world.deals(second))
    world.close()


def test_node_holds_one_connection_whatever_happens_to_the_base(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal, databases=DATABASES)
    server = FakeServer(world.ident.path)
    with Process(world.path, NODE, **server.variables):
        for number in range(20, 40):
            book(world, number)
        eventually(lambda: len(world.deals()) == 20)
        server.stop()
        late = book(world, 41)
        eventually(lambda: world.services.store.stats.notes("F1").get("last_error"))
        server.start()
        eventually(lambda: world.deals(late))
        server.victimise()
        eventually(lambda: server.victimised)
        after = book(world, 42)
        eventually(lambda: world.deals(after))
    assert server.most_connections() == 1
    assert server.opened() >= 2
    world.close()


def test_two_beats_send_each_extract_once(tmp_path: Path, redis_url: str, portal: PortalServer) -> None:
    world = quick(tmp_path / "world", redis_url, portal, sync={**QUICK["sync"], "interval": 2})
    with Process(world.path, NODE) as node, Process(world.path, BEAT) as second:
        uid = book(world, 51)
        eventually(lambda: world.deals(uid))
        eventually(lambda: any(SPARED in line for line in [*node.journal(), *second.journal()]))
        before, started = node.told("extract_finished", "F1"), time.monotonic()
        time.sleep(6)
        extracts = node.told("extract_finished", "F1") - before
        assert 1 <= extracts <= (time.monotonic() - started) / 2 * 1.2 + 1
    world.close()


def test_worker_that_was_down_does_not_fire_a_burst_of_missed_extracts(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    with Process(world.path, BEAT):
        time.sleep(8)
        with Process(world.path, THREADS) as worker:
            uid = book(world, 61)
            eventually(lambda: world.deals(uid))
            assert 1 <= worker.told("extract_finished", "F1") <= 4
    world.close()


@contextmanager
def working(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[tuple[World, Process]]:
    """Узел, который уже перенёс приём; не завершился сам — убит."""
    world = quick(tmp_path / "world", redis_url, portal, node={"state_dir": str(tmp_path)})
    node = Process(world.path, NODE)
    node.start()
    try:
        uid = book(world, 71)
        eventually(lambda: world.deals(uid))
        yield world, node
    finally:
        if node.alive:
            node.kill()
    world.close()


def test_node_that_consumes_nothing_ends_with_a_code_for_the_service_manager(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    with working(tmp_path, redis_url, portal) as (world, node):
        _stop_consuming(world)
        eventually(lambda: not node.alive)
        assert node.code == 70
        assert "node_stuck" in node.text()


def test_node_that_no_longer_listens_to_its_branch_ends_too(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    """«Cancel consumer» во Flower: собственная очередь узла разбирается, и задачи о жизни исполняются."""
    with working(tmp_path, redis_url, portal) as (world, node):
        _stop_consuming(world, "branch.F1")
        eventually(lambda: not node.alive)
        assert node.code == 70
        assert "branch.F1" in node.text()


POISON = {
    "не UTF-8": lambda message: b"\xff\xfe\x00",
    "не JSON": lambda message: b"{",
    "чужой вид": lambda message: json.dumps({**message, "content-type": "application/x-python-serialize"}),
    "срок": lambda message: json.dumps({**message, "headers": {**message["headers"], "expires": "вчера"}}),
    "тело": lambda message: json.dumps({**message, "body": "\u20ac\u20ac"}),
    "заголовки": lambda message: json.dumps({**message, "headers": None}),
    "задача": lambda message: json.dumps({**message, "headers": {**message["headers"], "task": "os.system"}}),
}


@pytest.mark.parametrize("queue", ["plans.F1", "branch.F1"])
def test_malformed_messages_do_not_end_the_node(
    tmp_path: Path, redis_url: str, redis_client: redis.Redis, portal: PortalServer, queue: str
) -> None:
    from celery import Celery

    import celeryconfig

    world = quick(tmp_path / "world", redis_url, portal)
    task = "plans.lookup" if queue.startswith("plans") else "records.upsert"
    with Celery(config_source=celeryconfig.deployment(world.settings)) as app:
        app.send_task(task, ("F1", "x"), queue=queue)
        key = next(key for key in redis_client.scan_iter() if key.startswith(f"ident:celery:{queue}"))
        sample = json.loads(redis_client.lpop(key))
    with Process(world.path, NODE) as node:
        eventually(lambda: world.services.store.pulse.ages())
        for spoil in POISON.values():
            redis_client.lpush(key, spoil(sample))
        eventually(lambda: not redis_client.llen(key))
        uid = book(world, 73)
        eventually(lambda: world.deals(uid))
        assert node.alive, node.text()[-3000:]
    world.close()


def _stop_consuming(world: World, *queues: str) -> None:
    from celery import Celery

    import celeryconfig

    with Celery(config_source=celeryconfig.deployment(world.settings)) as app:
        for queue in queues or ("branch.F1", "branch.F2", *_own_queues(world)):
            app.control.cancel_consumer(queue)


def _own_queues(world: World) -> list[str]:
    return [f"node.{node}" for node in world.services.store.pulse.ages()] or ["node.celery@vm"]


def test_healthy_node_is_left_alone_by_its_watchdog(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal, node={"state_dir": str(tmp_path)})
    with Process(world.path, NODE) as node:
        eventually(lambda: world.services.store.pulse.ages())
        time.sleep(8)
        assert node.alive
    world.close()


@pytest.mark.parametrize("worker", [NODE, PREFORK], ids=["threads", "prefork"])
def test_new_webhook_is_taken_up_without_a_restart(
    tmp_path: Path, redis_url: str, worker: tuple[str, ...]
) -> None:
    with PortalServer(
        PortalOptions(rate=1000, threshold=1000, webhooks=(WebhookKey(code="fresh"),))
    ) as portal:
        world = quick(tmp_path / "world", redis_url, portal)
        good = world.path.read_text(encoding="utf-8")
        world.path.write_text(good.replace("/fresh/", "/revoked/"), encoding="utf-8")
        extra = [] if worker is NODE else [Process(world.path, BEAT)]
        with Process(world.path, worker) as node:
            for process in extra:
                process.start()
            uid = book(world, 81)
            eventually(lambda: "sending_halted" in node.text())
            assert not world.deals(uid)
            world.path.write_text(good, encoding="utf-8")
            eventually(lambda: world.deals(uid))
            for process in extra:
                process.kill()
        world.close()


def test_spoiled_settings_do_not_stop_a_running_node(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    with Process(world.path, NODE) as node:
        first = book(world, 91)
        eventually(lambda: world.deals(first))
        good = world.path.read_text(encoding="utf-8")
        world.path.write_text("[portal\n", encoding="utf-8")
        eventually(lambda: "settings_refused" in node.text())
        second = book(world, 92)
        eventually(lambda: world.deals(second))
        world.path.write_text(good, encoding="utf-8")
    world.close()


def test_warm_stop_hands_back_the_unsent_and_ends_well(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    slow = {"requests_per_second": 0.5, "burst": 1, "batch_size": 4}
    world = quick(tmp_path / "world", redis_url, portal, portal=slow)
    uids = {book(world, 100 + number) for number in range(30)}
    node = Process(world.path, NODE)
    node.start()
    eventually(lambda: world.services.store.outbox.depth("F1")[EntryState.IN_FLIGHT] > 10)
    assert node.stop() == 0
    depth = world.services.store.outbox.depth("F1")
    assert depth[EntryState.IN_FLIGHT] == depth[EntryState.RETRY] == depth[EntryState.FAILED] == 0
    delivered = {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()}
    assert depth[EntryState.PENDING] >= len(uids - delivered)
    world.close()


def test_node_shut_down_from_afar_is_raised_again(world: World) -> None:
    """Кнопка Flower «Shut Down»: код не ноль, и служба запускает узел снова."""
    from celery import Celery

    import celeryconfig

    with (
        Process(world.path, NODE) as node,
        Celery(config_source=celeryconfig.deployment(world.settings)) as app,
    ):
        eventually(lambda: world.services.store.pulse.ages())
        app.control.shutdown()
        eventually(lambda: not node.alive)
        assert node.code == 1, node.text()[-2000:]


def test_frozen_node_wakes_up_without_harm(tmp_path: Path, redis_url: str, portal: PortalServer) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    uids = {book(world, 200 + number) for number in range(20)}
    with Process(world.path, NODE) as node, Process(world.path, (*NODE, "--name", "two")):
        eventually(lambda: world.deals())
        node.signal(signal.SIGSTOP)
        time.sleep(6)
        node.signal(signal.SIGCONT)
        eventually(lambda: {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()} == uids)
        eventually(lambda: not world.services.store.outbox.size("F1"))
    assert len(world.deals()) == len(world.contacts()) == len(uids)
    world.close()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "SIGTERM"])
def test_node_asked_to_stop_ends_well(
    tmp_path: Path, redis_url: str, portal: PortalServer, sign: signal.Signals
) -> None:
    """Служба Windows останавливает узел Ctrl+C: код сбоя она приняла бы за падение."""
    world = quick(tmp_path / "world", redis_url, portal)
    with Process(world.path, NODE) as node:
        uid = book(world, 1)
        eventually(lambda: [deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()] == [uid])
        node.signal(sign)
        eventually(lambda: node.code is not None)
        assert node.code == 0, node.text()[-2000:]
    world.close()
