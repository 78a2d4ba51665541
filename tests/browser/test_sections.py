"""Разделы страницы в настоящем Chromium: каждый виден целиком в четырёх видах, axe серьёзного не находит."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config import first_run
from demo.portal.server import PortalServer
from monitoring.app import monitor_app
from services.journal.configure import configure_journal, stop_journal
from tests.integration.test_story import Prepare, edited, failed, manual_cancel, unproven
from tests.support.looking import look
from tests.support.pages import PageServer
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "sections"
PASSWORD = "пароль клиники"
SETTINGS = (
    "bases",
    "branches",
    "portal",
    "stages",
    "fields",
    "decisions",
    "alerts",
    "plan",
    "limits",
    "versions",
    "portal-setup",
)


@pytest.fixture
def world(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[World]:
    """Установка с настоящими журналами."""
    world = World(tmp_path / "world", redis_url, portal)
    configure_journal(world.settings.journal, console=False)
    yield world
    stop_journal()
    world.close()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Адрес её страницы; файл настроек у неё есть."""
    with PageServer(monitor_app(world.services, world.path)) as server:
        yield server.url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Чистая страница; браузеру жаловаться не на что."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ru-RU")
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def set_password(page: Page, url: str, world: World) -> None:
    """Ставит пароль страницы."""
    page.goto(f"{url}welcome")
    page.get_by_label("Одноразовый код").fill(first_run.new_code(world.path))
    page.get_by_label("Новый пароль").fill(PASSWORD)
    page.get_by_label("Он же ещё раз").fill(PASSWORD)
    page.get_by_role("button", name="Поставить пароль").click()
    expect(page.get_by_role("heading", name="Базы Ident")).to_be_visible()


@pytest.mark.parametrize("prepare", [edited, manual_cancel, failed, unproven], ids=lambda one: one.__name__)
def test_story_of_a_record_is_seen(world: World, url: str, page: Page, prepare: Prepare) -> None:
    uid = prepare(world)
    page.goto(f"{url}record?q={uid}")
    expect(page.get_by_role("heading", name="Что решили правила")).to_be_visible()
    look(page, SHOTS, f"record-{prepare.__name__}")


def test_search_and_journals_are_seen(world: World, url: str, page: Page) -> None:
    patient = world.patient()
    for _ in range(2):
        world.book(patient)
    manual_cancel(world)
    page.goto(f"{url}record")
    look(page, SHOTS, "record-empty")
    page.get_by_role("searchbox").fill(f"К-{patient}")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator(".hits li")).to_have_count(2)
    look(page, SHOTS, "record-several")
    page.get_by_role("link", name="Журналы").click()
    expect(page.get_by_role("heading", name="Пакет для помощи")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Собрать и скачать").click()
    assert saved.value.suggested_filename.endswith(".zip")
    look(page, SHOTS, "journals")


def test_settings_are_seen(world: World, url: str, page: Page) -> None:
    page.goto(f"{url}settings")
    look(page, SHOTS, "welcome")
    set_password(page, url, world)
    for slug in SETTINGS:
        page.goto(f"{url}settings/{slug}")
        expect(page.locator("h1").first).to_be_visible()
        look(page, SHOTS, f"settings-{slug}")
    page.context.clear_cookies()
    page.goto(f"{url}check")
    expect(page.get_by_label("Пароль страницы")).to_be_visible()
    look(page, SHOTS, "login")
