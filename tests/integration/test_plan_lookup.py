"""Вопрос вкладки через настоящие процессы: страница → Redis → исполнитель → база и обратно."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import redis
import requests

from demo.broker import free_port
from demo.portal.faults import Fault, FaultKind
from services.domain.outbox import EntryState
from tests.integration.test_worker import send_extract
from tests.support.node import NODE, PREFORK, THREADS, WINDOWS, Process, eventually
from tests.support.plans import ALSU, CURATOR, PlanWorld, bearer, plan_portal

pytestmark = pytest.mark.node
WEB = ("-m", "cli", "web")


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def ask(port: int, deal: int, **query: object) -> requests.Response:
    """Спрашивает планы сделки токеном куратора."""
    given = {"deal": deal, **query}
    return requests.get(f"{address(port)}/api/v1/plans", given, headers=bearer(CURATOR), timeout=40)  # type: ignore[arg-type]


def serves(port: int) -> bool:
    try:
        return requests.get(f"{address(port)}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def port() -> int:
    """Свободный порт страницы."""
    return free_port()


@pytest.mark.parametrize("worker", [THREADS, PREFORK, WINDOWS], ids=["threads", "prefork", "windows"])
def test_plan_comes_from_every_kind_of_worker(
    tmp_path: Path, redis_url: str, port: int, worker: Sequence[str]
) -> None:
    with plan_portal() as portal:
        world = PlanWorld(tmp_path / "plans", redis_url, portal, web={"port": port})
        plan_id, deal = world.plan(2), world.visit()
        with Process(world.path, worker), Process(world.path, WEB):
            eventually(lambda: serves(port))
            eventually(lambda: ask(port, deal).status_code == 200)
            assert ask(port, deal).json()["plan"]["plan_id"] == plan_id
        world.close()


def test_node_answers_while_every_thread_waits_for_the_portal(
    tmp_path: Path, redis_url: str, port: int
) -> None:
    with plan_portal() as portal:
        node = {"concurrency": 3, "state_dir": str(tmp_path)}
        world = PlanWorld(tmp_path / "busy", redis_url, portal, web={"port": port}, node=node)
        world.plan(2)
        deal = world.remembered_visit()
        portal.portal.faults.add(Fault(FaultKind.HANG, ("crm.deal.list",), None, delay_ms=25_000))
        for number in range(6):
            world.book(world.patient(phone=f"+7903777030{number}"))
        with Process(world.path, NODE) as process:
            eventually(lambda: serves(port))
            send_extract(world, "F1")
            depth = world.services.store.outbox.depth
            eventually(lambda: depth("F1")[EntryState.IN_FLIGHT] == 3)
            assert ask(port, deal).json()["found"] == "plans"
            process.kill()
        world.close()


def test_question_nobody_takes_ends_in_time_and_leaves_no_people_in_redis(
    tmp_path: Path, redis_url: str, redis_client: redis.Redis, port: int
) -> None:
    with plan_portal() as portal:
        world = PlanWorld(tmp_path / "silent", redis_url, portal, web={"port": port, "deadline": 1})
        world.plan(1)
        deal = world.deal_for(0)
        with Process(world.path, WEB) as web:
            eventually(lambda: serves(port))
            answer = ask(port, deal, fio=ALSU)
            assert (answer.status_code, answer.json()["error"]) == (504, "late")
            assert "Обновить" in answer.json()["message"]
            left = everything(redis_client)
            assert "plans.lookup" in left
            said = "\n".join([left, web.text(), *web.journal()])
            assert not any(secret in said for secret in ("Лун", "Алсу", CURATOR.token))
        world.close()


def test_redis_that_went_away_is_explained(tmp_path: Path, port: int) -> None:
    with plan_portal() as portal:
        world = PlanWorld(tmp_path / "away", f"redis://127.0.0.1:{free_port()}/0", portal, web={"port": port})
        deal = world.visit()
        with Process(world.path, WEB):
            eventually(lambda: serves(port))
            answer = ask(port, deal)
            assert (answer.status_code, answer.json()["error"]) == (503, "no_answer")
        world.close()


def everything(client: redis.Redis) -> str:
    """Возвращает всё содержимое Redis одной строкой."""
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1),
        "set": client.smembers,
    }
    return "\n".join(f"{key} {readers[client.type(key)](key)}" for key in client.scan_iter())
