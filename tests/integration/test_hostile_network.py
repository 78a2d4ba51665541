"""Враждебная сеть у настоящего узла: толпа молчит, а сотрудники получают планы и страница открывается."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from demo.broker import free_port
from demo.portal.tls import write_certificate
from services.web.connections import Limits
from tests.integration.test_worker import send_extract
from tests.support.node import NODE, Process, eventually
from tests.support.plans import CURATOR, PlanWorld, bearer, plan_portal

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("node")]

CROWD, ADDRESSES = 2000, 20


@contextmanager
def crowd(port: int) -> Iterator[subprocess.Popen[str]]:
    """Толпа у порта; готова, когда заняла всё, что ей дали."""
    command = [sys.executable, "-m", "tests.support.crowd", str(port), str(CROWD), str(ADDRESSES)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(CROWD / 400 + 1)
        yield process
    finally:
        process.kill()
        process.wait(20)


def lines(world: PlanWorld) -> int:
    """Возвращает, сколько строк во всех журналах."""
    files = world.settings.journal.folder.glob("*.txt")
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "tls"])
def test_staff_are_served_while_2000_connections_keep_silent(
    tmp_path: Path, redis_url: str, secure: bool
) -> None:
    certificate, key = write_certificate(tmp_path)
    port, page = free_port(), free_port()
    tls = {"certificate": str(certificate), "private_key": str(key)} if secure else {}
    with plan_portal() as portal:
        world = PlanWorld(
            tmp_path / "besieged", redis_url, portal, web={"port": port, **tls}, monitor={"port": page}
        )
        plan_id, deal = world.plan(2), world.visit()
        origin = f"{'https' if secure else 'http'}://127.0.0.1:{port}"
        verify = str(certificate) if secure else None

        def ask() -> requests.Response:
            query = f"{origin}/api/v1/plans?deal={deal}"
            return requests.get(query, headers=bearer(CURATOR), timeout=30, verify=verify)

        with Process(world.path, NODE) as node:
            eventually(lambda: answers(f"http://127.0.0.1:{page}/"))
            eventually(lambda: ask().status_code == 200)
            before, began = lines(world), time.monotonic()
            with crowd(port), crowd(page):
                took = []
                for _ in range(25):
                    started = time.monotonic()
                    assert ask().json()["plan"]["plan_id"] == plan_id
                    took.append(time.monotonic() - started)
                    assert requests.get(f"http://127.0.0.1:{page}/", timeout=10).ok
                uid = f"F1_{world.book(world.patient(phone='+79037770301'))}"
                send_extract(world, "F1")
                eventually(lambda: world.deals(uid))
                spent = time.monotonic() - began
            grown = lines(world) - before
            print(f"p95 {sorted(took)[-2]:.3f} с, строк {grown} за {spent:.0f} с", node.text()[-2000:])
            assert max(took) < Limits().patience, "сотрудник ждал, пока выгонят молчащих"
            assert grown < 100 * max(1.0, spent / 60)
        world.close()


def answers(url: str) -> bool:
    """Отвечает ли страница."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
