"""Вкладка целиком в настоящем Chromium: портал-эмулятор, место приложения и служба ответов."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, FrameLocator, Page

from demo.app_hosting import AppHosting
from demo.broker import free_port
from demo.portal.options import OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from plan_frontend.packaging import application_zip
from plan_frontend.plan_api.app import assembled
from services.bitrix.visitors import open_visitors
from services.container import identity_of
from services.store.bundle import Store
from services.web.server import Servers, Site
from tests.support.plans import CURATOR, TOKENS, DirectAsker, PlanWorld
from tests.support.state import fresh_redis
from tests.unit.plan_frontend.conftest import NoLimit


@dataclass
class Stand:
    """Стенд вкладки: портал, клиника, служба ответов (её можно остановить) и жалобы браузера."""

    portal: PortalServer
    world: PlanWorld
    asker: DirectAsker
    servers: Servers
    complaints: list[str] = field(default_factory=list)

    def open(self, page: Page, deal: int) -> FrameLocator:
        """Открывает карточку сделки на вкладке «План лечения» и возвращает окно приложения."""
        page.goto(f"{self.portal.base_url}deal/{deal}#plan")
        return page.frame_locator(".plan-frame")


@pytest.fixture
def page(browser: Browser, stand: Stand) -> Iterator[Page]:
    """Чистая страница; ошибки сценариев проваливают проверку."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, locale="ru-RU")
    page = context.new_page()

    def complain(error: Error) -> None:
        stand.complaints.append(str(error))

    page.on("pageerror", complain)
    yield page
    context.close()
    assert stand.complaints == []


def build_stand(stack: ExitStack, folder: Path, tokens: tuple[OAuthToken, ...]) -> Stand:
    """Собирает стенд; первый из токенов — того, кто смотрит карточку."""
    hosting, port = stack.enter_context(AppHosting()), free_port()
    options = PortalOptions(rate=1000, threshold=1000, tokens=tokens, plan_app_url=hosting.url)
    portal = stack.enter_context(PortalServer(options))
    world = PlanWorld(
        folder,
        "redis://127.0.0.1:1/0",
        portal,
        web={"port": port, "origins": [hosting.origin]},
        application={"shim": f"http://127.0.0.1:{port}"},
    )
    stack.callback(world.close)
    redis = world.settings.redis
    vars(world.services)["store"] = Store(fresh_redis(), redis.prefix, identity_of(world.settings))
    hosting.upload(application_zip(world.settings))
    asker = DirectAsker(world)
    servers = stack.enter_context(Servers([Site(lambda: service(stack, world, asker), "127.0.0.1", port)]))
    return Stand(portal, world, asker, servers)


def service(stack: ExitStack, world: PlanWorld, asker: DirectAsker) -> Any:
    """Собирает службу ответов, спрашивающую базу без очереди."""
    settings = world.settings
    assert settings.application is not None
    visitors = open_visitors(settings.portal, settings.application, NoLimit())
    stack.callback(visitors.close)
    executor = stack.enter_context(ThreadPoolExecutor(4))
    return assembled(settings, visitors, asker, world.services.security_journal, executor)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Стенд, на котором карточку смотрит куратор."""
    with ExitStack() as stack:
        yield build_stand(stack, tmp_path / "stand", (CURATOR, *TOKENS[1:]))
