"""Страница наблюдения настоящего узла: открывается, запускает выборку, видит жизнь."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo.broker import free_port
from demo.portal.server import PortalServer
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
