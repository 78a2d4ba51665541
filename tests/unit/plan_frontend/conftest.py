"""Приложение ответов на настоящем портале-эмуляторе; вопросы идут в базу без очереди."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.portal.options import OAuthToken
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from plan_frontend.plan_api.app import assembled
from services.bitrix.visitors import open_visitors
from services.container import identity_of
from services.store.bundle import Store
from tests.support.plans import DirectAsker, PlanWorld, bearer, plan_portal
from tests.support.state import fresh_redis


class NoLimit:
    """Предел, который никого не задерживает."""

    def reserve(self) -> float:
        """Пропускает сразу."""
        return 0.0

    def freeze(self, seconds: float) -> None:
        """Ничего не отодвигает."""


class Client:
    """Клиент приложения: каждый запрос — как от браузера с названным адресом."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(
        self,
        path: str = "/api/v1/plans",
        token: OAuthToken | str | None = None,
        address: str = "10.0.0.5",
        headers: dict[str, str] | None = None,
        **query: object,
    ) -> httpx.Response:
        """Спрашивает путь."""
        return asyncio.run(self._request("GET", path, token, address, headers or {}, query))

    def request(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        """Посылает запрос другим способом."""
        return asyncio.run(self._request(method, path, None, "10.0.0.5", headers, {}))

    def statuses(self, tokens: Sequence[str], deal: int) -> list[int]:
        """Спрашивает одну сделку разными токенами подряд, мимо клиента HTTP: так быстрее."""
        return asyncio.run(self._statuses(tokens, deal))

    async def _statuses(self, tokens: Sequence[str], deal: int) -> list[int]:
        return [await self._status(token, deal) for token in tokens]

    async def _status(self, token: str, deal: int) -> int:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/plans",
            "root_path": "",
            "query_string": f"deal={deal}".encode(),
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "client": ("10.0.0.5", 40000),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return int(sent[0]["status"])

    async def _request(
        self,
        method: str,
        path: str,
        token: OAuthToken | str | None,
        address: str,
        headers: dict[str, str],
        query: dict[str, Any],
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(address, 40000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://plans") as client:
            given = {**(bearer(token) if token else {}), **headers}
            return await client.request(method, path, params=query, headers=given)


@pytest.fixture(scope="session")
def shared_plan_portal() -> Iterator[PortalServer]:
    """Один портал на все проверки приложения."""
    with plan_portal() as portal:
        yield portal


@pytest.fixture
def plan_world(tmp_path: Path, shared_plan_portal: PortalServer) -> Iterator[PlanWorld]:
    """Клиника; память узла — в подделке Redis, пустая."""
    shared_plan_portal.stats.clear()
    shared_plan_portal.state.denied.clear()
    shared_plan_portal.state.entities[DEAL].clear()
    world = PlanWorld(tmp_path / "plans", "redis://127.0.0.1:1/0", shared_plan_portal)
    redis = world.settings.redis
    vars(world.services)["store"] = Store(fresh_redis(), redis.prefix, identity_of(world.settings))
    yield world
    world.close()


@pytest.fixture
def asker(plan_world: PlanWorld) -> DirectAsker:
    """Ответы прямо из базы."""
    return DirectAsker(plan_world)


@pytest.fixture
def app(plan_world: PlanWorld, asker: DirectAsker) -> Iterator[Any]:
    """Приложение ASGI."""
    settings = plan_world.settings
    assert settings.application is not None
    visitors = open_visitors(settings.portal, settings.application, NoLimit())
    with ThreadPoolExecutor(4) as executor:
        yield assembled(settings, visitors, asker, plan_world.services.security_journal, executor)
    visitors.close()


@pytest.fixture
def client(app: Any) -> Client:
    """Клиент приложения."""
    return Client(app)
