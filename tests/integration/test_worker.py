"""Настоящие процессы Celery в обоих пулах и с признаком Windows."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from demo.portal.server import PortalServer
from tasks.names import EXTRACT, queue_of
from tests.support.node import NODE, PREFORK, THREADS, WINDOWS, Process, eventually
from tests.support.world import World

pytestmark = pytest.mark.node
ROOT = Path(__file__).resolve().parents[2]


def send_extract(world: World, branch_id: str) -> None:
    """Ставит выборку в очередь так же, как расписание."""
    send_task(world, EXTRACT, branch_id)


def send_task(world: World, task: str, argument: str) -> None:
    """Ставит задачу в очередь её филиала."""
    from celery import Celery

    import celeryconfig

    with Celery(config_source=celeryconfig.deployment(world.settings)) as app:
        app.conf.update(accept_content=["json"], task_serializer="json")
        app.send_task(task, (argument,), queue=queue_of(argument.partition("_")[0]))


@pytest.mark.parametrize("worker", [THREADS, PREFORK, WINDOWS], ids=["threads", "prefork", "windows"])
def test_worker_turns_receptions_into_deals(world: World, worker: Sequence[str]) -> None:
    uids = [f"F1_{world.book(world.patient(phone=f'+7903777000{number}'))}" for number in range(8)]
    with Process(world.path, worker):
        send_extract(world, "F1")
        eventually(lambda: len(world.deals()) == len(uids))
        eventually(lambda: not sum(world.services.store.outbox.depth("F1").values()))
    assert sorted(deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()) == sorted(uids)


def test_node_runs_worker_and_beat_in_one_process(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = World(tmp_path / "node", redis_url, portal, sync={"interval": 1})
    uid = f"F1_{world.book()}"
    with Process(world.path, NODE) as node:
        eventually(lambda: world.deals(uid))
        second = f"F1_{world.book(world.patient(phone='+79037770100'))}"
        eventually(lambda: world.deals(second))
        assert node.stop() == 0
    world.close()


def roles() -> dict[str, list[str]]:
    """Возвращает роли Procfile: имя → ключи Python, которыми она запускается."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {
        name: ["-m", "cli", *command.split()[1:]]
        for name, _, command in (line.partition(": ") for line in lines)
    }


def test_roles_of_the_procfile_work_apart_and_stop_politely(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = World(tmp_path / "roles", redis_url, portal, sync={"interval": 1})
    uid = f"F1_{world.book()}"
    with Process(world.path, roles()["worker"]) as worker, Process(world.path, roles()["beat"]) as beat:
        eventually(lambda: world.deals(uid))
        assert (beat.stop(), worker.stop()) == (0, 0)
    world.close()


def test_killed_worker_loses_and_doubles_nothing(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    pace = {"interval": 1, "lease": 3}
    world = World(tmp_path / "kill", redis_url, portal, sync=pace)
    uids = {f"F1_{world.book(world.patient(phone=f'+790377702{number:02}'))}" for number in range(40)}
    node = Process(world.path, NODE)
    for _ in range(3):
        node.start()
        before = len(world.deals())
        eventually(lambda before=before: len(world.deals()) > before or len(world.deals()) == len(uids))
        node.kill()
    with Process(world.path, NODE):
        eventually(lambda: {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()} == uids)
        eventually(lambda: not sum(world.services.store.outbox.depth("F1").values()))
    assert len(world.deals()) == len(world.contacts()) == len(uids)
    assert all(deal["CONTACT_ID"] for deal in world.deals())
    world.close()
