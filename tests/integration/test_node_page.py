"""Страница наблюдения настоящего узла: открывается, запускает выборку, видит жизнь."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from demo.broker import free_port
from demo.portal.server import PortalServer
from services.ident.sqlite import clinic_now
from tests.support.node import NODE, Process, eventually
from tests.support.world import World

pytestmark = pytest.mark.node
TOKEN = re.compile(r'name="token" value="([^"]+)"')
RARELY = {"interval": 3600}


@pytest.fixture
def node(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[tuple[World, str]]:
    """Работающий узел, чьё расписание выборки ждать долго, и адрес его страницы."""
    port = free_port()
    world = World(tmp_path / "world", redis_url, portal, sync=RARELY, monitor={"port": port})
    with Process(world.path, NODE):
        yield world, f"http://127.0.0.1:{port}/"
    world.close()


def text_of(url: str) -> str:
    """Возвращает страницу; узел ещё не поднялся — пусто."""
    try:
        return requests.get(url, timeout=10).text
    except requests.ConnectionError:
        return ""


def test_synchronisation_asked_on_the_page_reaches_the_portal(node: tuple[World, str]) -> None:
    world, url = node
    eventually(lambda: "Синхронизировать сейчас" in text_of(url))
    uid = f"F1_{world.book()}"
    with requests.Session() as session:
        token = TOKEN.search(session.get(url, timeout=10).text)
        assert token is not None
        answer = session.post(url + "sync", data={"token": token[1]}, timeout=10)
    assert "Выборка запрошена" in answer.text
    eventually(lambda: world.deals(uid))
    eventually(lambda: "ident_receptions_total" in text_of(url + "metrics"))


def test_open_page_follows_the_settings(node: tuple[World, str]) -> None:
    world, url = node
    eventually(lambda: "Филиал Амирхана" in text_of(url))
    text = world.path.read_text(encoding="utf-8").replace("Филиал Амирхана", "Филиал Новый")
    world.path.write_text(text, encoding="utf-8")
    eventually(lambda: "Филиал Новый" in text_of(url))
    eventually(lambda: "Филиал Новый" in text_of(url + "check"))


def test_past_asked_on_the_page_is_read_by_the_node_and_reaches_the_portal(node: tuple[World, str]) -> None:
    world, url = node
    eventually(lambda: "Проверка" in text_of(url))
    start = clinic_now() - timedelta(days=30)
    times = {"PlanStart": start, "PlanEnd": start + timedelta(minutes=30), "ReceptionAdded": start}
    uid = f"F1_{world.ident.reception(ID_Patients=world.patient(), **times)}"
    day = f"{start:%Y-%m-%d}"
    with requests.Session() as session:
        token = TOKEN.search(session.get(url + "check", timeout=10).text)
        assert token is not None
        days = {"token": token[1], "branch": "F1", "since": day, "until": day}
        session.post(url + "check/backfill", data=days, timeout=10)
        eventually(lambda: "готово, прочитано 1" in session.get(url + "check/live", timeout=10).text)
        session.post(url + "check/doctor", data={"token": token[1]}, timeout=10)
        eventually(lambda: "Проверить снова" in session.get(url + "check/live", timeout=10).text)
        told = session.get(url + "check", timeout=10).text
    eventually(lambda: world.deals(uid))
    assert world.services.store.backfills.load("F1") is None
    assert "проверка не выполнилась" not in told
    assert "Не выполнилось" not in told
