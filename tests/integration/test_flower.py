"""Flower по flowerconfig.py: вход по паролю, только номера записей, история переживает перезапуск."""

import json
import stat
from collections.abc import Sequence
from datetime import timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from demo.broker import free_port
from monitoring.flower import LOGIN, password
from tasks.names import UPSERT
from tests.integration.test_worker import send_extract, send_task
from tests.support.node import CELERY, THREADS, Process, eventually
from tests.support.world import World

pytestmark = pytest.mark.node


def flower(port: int) -> Sequence[str]:
    """Команда Flower; остальное он берёт из flowerconfig.py."""
    return (*CELERY, "-A", "tasks", "flower", f"--port={port}")


def ask(port: int, path: str, world: World | None = None) -> str:
    """Спрашивает Flower; ``world`` — с паролем его установки."""
    auth = (LOGIN, password(world.settings.node.state_dir)) if world is not None else None
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", auth=auth, timeout=10).text
    except requests.ConnectionError:
        return ""


def status(port: int, path: str, given: str | None = None) -> int:
    """Возвращает код ответа Flower."""
    auth = (LOGIN, given) if given else None
    return requests.get(f"http://127.0.0.1:{port}{path}", auth=auth, timeout=10).status_code


def test_flower_asks_for_the_password_and_shows_identifiers_only(world: World) -> None:
    port = free_port()
    uid = f"F1_{world.book()}"
    with Process(world.path, THREADS), Process(world.path, flower(port)):
        eventually(lambda: ask(port, "/api/workers?refresh=1", world) not in ("", "{}"))
        send_extract(world, "F1")
        eventually(lambda: "records.upsert" in ask(port, "/api/tasks", world))
        shown = ask(port, "/api/tasks", world) + ask(port, "/tasks", world)
        assert status(port, "/") == status(port, "/tasks", "мимо".encode().hex()) == 401
        metrics = {family.name for family in text_string_to_metric_families(ask(port, "/metrics"))}
    assert uid in shown
    assert not any(secret in shown for secret in ("Лунёва", "Алсу", "9031112233", "demo0webhook0code"))
    assert "flower_events" in metrics
    journals = "".join(
        f.read_text(encoding="utf-8") for f in world.settings.journal.folder.glob("security_*")
    )
    assert "login_failed" in journals


def test_history_of_flower_survives_its_restart(world: World) -> None:
    port = free_port()
    world.book()
    with Process(world.path, THREADS):
        with Process(world.path, flower(port)):
            eventually(lambda: ask(port, "/api/workers?refresh=1", world) not in ("", "{}"))
            send_extract(world, "F1")
            eventually(lambda: "records.upsert" in ask(port, "/api/tasks", world))
        with Process(world.path, flower(port)):
            eventually(lambda: "records.upsert" in ask(port, "/api/tasks", world))


def test_password_is_made_once_and_closed_to_others(world: World) -> None:
    folder = world.settings.node.state_dir / "state"
    made = password(folder)
    assert len(made) >= 20
    assert password(folder) == made
    assert stat.S_IMODE((folder / "flower.password").stat().st_mode) == 0o600


@pytest.mark.parametrize("left", ["", "\n", "  "])
def test_empty_file_of_the_password_is_not_a_password(world: World, left: str) -> None:
    folder = world.settings.node.state_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flower.password").write_text(left, encoding="ascii")
    made = password(folder)
    assert len(made) >= 20
    assert password(folder) == made
    assert stat.S_IMODE((folder / "flower.password").stat().st_mode) == 0o600
    assert [path.name for path in folder.glob("flower.*")] == ["flower.password"]


def test_failed_task_carries_the_address_of_the_page(world: World) -> None:
    port, uid = free_port(), "F1_X5"
    with Process(world.path, THREADS), Process(world.path, flower(port)):
        eventually(lambda: ask(port, "/api/workers?refresh=1", world) not in ("", "{}"))
        world.services.store.outbox.put([uid], world.clock.now(), timedelta())
        send_task(world, UPSERT, uid)
        eventually(lambda: "FAILURE" in ask(port, "/api/tasks?state=FAILURE", world))
        (task,) = json.loads(ask(port, "/api/tasks?state=FAILURE", world)).values()
    shown = task["exception"]
    assert f"http://127.0.0.1:{world.settings.monitor.port}/record?q={uid}" in shown
    assert "вести некому" in shown
