"""Критерии приёмки ТЗ 5.1 № 5 и 9 целиком: карточка → вкладка → служба узла → Celery → Ident."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, FrameLocator, Page, expect

from demo.app_hosting import AppHosting
from demo.broker import free_port
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from plan_frontend.packaging import application_zip
from tests.support.node import NODE, Process, eventually
from tests.support.plans import TOKENS, PlanWorld

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.xdist_group("plans")]


@pytest.fixture
def clinic(tmp_path: Path, redis_url: str) -> Iterator[PlanWorld]:
    """Клиника, портал с загруженным приложением и узел, который держит и обмен, и страницы."""
    with ExitStack() as stack:
        hosting, port = stack.enter_context(AppHosting()), free_port()
        options = PortalOptions(rate=1000, threshold=1000, tokens=TOKENS, plan_app_url=hosting.url)
        portal = stack.enter_context(PortalServer(options))
        world = PlanWorld(
            tmp_path / "clinic",
            redis_url,
            portal,
            web={"port": port, "origins": [hosting.origin]},
            application={"shim": f"http://127.0.0.1:{port}"},
            sync={"interval": 1},
        )
        stack.callback(world.close)
        hosting.upload(application_zip(world.settings))
        stack.enter_context(Process(world.path, NODE))
        eventually(lambda: serves(port))
        yield world


def serves(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Страница настоящего Chromium."""
    with browser.new_page(viewport={"width": 1200, "height": 900}, locale="ru-RU") as opened:
        yield opened


def open_tab(clinic: PlanWorld, page: Page, reception_id: int) -> FrameLocator:
    """Ждёт, пока узел заведёт сделку приёма, и открывает её вкладку."""
    uid = f"F1_{reception_id}"
    eventually(lambda: clinic.deals(uid))
    page.goto(f"{clinic.portal.base_url}deal/{clinic.deal(uid)['ID']}#plan")
    return page.frame_locator(".plan-frame")


def test_5_1_5_plan_is_shown_in_the_card_of_the_deal_and_kept_in_it(clinic: PlanWorld, page: Page) -> None:
    clinic.plan(3, Name="Санация")
    reception_id = clinic.book(1)
    frame = open_tab(clinic, page, reception_id)
    expect(frame.get_by_role("heading", name="Санация")).to_be_visible(timeout=30_000)
    expect(frame.locator("tr.line")).to_have_count(3)
    expect(frame.locator("tfoot td.sum")).to_have_text("15 000 ₽")
    expect(frame.locator(".copy")).to_have_count(0)
    eventually(lambda: "Санация" in str(clinic.deal(f"F1_{reception_id}").get("UF_CRM_TREATMENT_PLANS")))


def test_5_1_9_three_plans_give_a_list_to_choose_from(clinic: PlanWorld, page: Page) -> None:
    for month, name in ((3, "Второй"), (1, "Первый"), (9, "Третий")):
        clinic.plan(month, Name=name, DateTimeCreated=datetime(2026, month, 1))
    frame = open_tab(clinic, page, clinic.book(1))
    plans = frame.get_by_role("navigation", name="Планы пациента").get_by_role("button")
    expect(plans).to_have_count(3, timeout=30_000)
    expect(frame.locator("h2")).to_have_text("Третий")
    plans.filter(has_text="Первый").click()
    expect(frame.locator("h2")).to_have_text("Первый")
    expect(frame.locator("tr.line")).to_have_count(1)
