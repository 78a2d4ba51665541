"""Доступность вкладки: axe-core, узкое окно, клавиатура, печать."""

from collections.abc import Callable
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Stand
from tests.browser.test_plan_tab import copied, rich_plan

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SERIOUS = {"serious", "critical"}


def several(stand: Stand) -> int:
    """Кладёт сделку с тремя планами."""
    for month in (1, 2, 3):
        rich_plan(stand.world, f"План {month}", 4, DateTimeCreated=datetime(2026, month, 1))
    return stand.world.visit()


def choice(stand: Stand) -> int:
    """Кладёт сделку с двумя тёзками."""
    stand.world.namesake()
    return stand.world.deal_for(0)


def copy(stand: Stand) -> int:
    """Кладёт сделку с сохранённой копией и останавливает службу."""
    deal = several(stand)
    copied(stand, deal)
    stand.servers.stop()
    return deal


def nothing(stand: Stand) -> int:
    """Кладёт сделку пациента без планов."""
    return stand.world.visit()


def down(stand: Stand) -> int:
    """Кладёт сделку и останавливает службу."""
    stand.servers.stop()
    return stand.world.visit()


STATES = {
    "plans": (several, "tfoot"),
    "choice": (choice, ".choices"),
    "copy": (copy, ".copy"),
    "nothing": (nothing, ".empty"),
    "trouble": (down, "[role=alert]"),
}


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_serious_fault(stand: Stand, page: Page, state: str, width: int) -> None:
    prepare, ready = STATES[state]
    page.set_viewport_size({"width": width, "height": 900})
    frame = shown(stand, page, prepare, ready)
    expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
    # Окно приложения — на чужом адресе: axe работает прямо в нём.
    results = Axe().run(page.frames[1])
    faults = [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in results.response["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]
    assert faults == []
    assert len(results.response["passes"]) > 5


@pytest.mark.parametrize("width", [1200, 700, 400, 320])
def test_nothing_is_wider_than_the_frame(stand: Stand, page: Page, width: int) -> None:
    rich_plan(stand.world, "П" * 90, 6)
    page.set_viewport_size({"width": width, "height": 900})
    frame = shown(stand, page, nothing, "tfoot")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert frame.locator("main").evaluate(wide) <= 0


def test_tab_works_from_the_keyboard(stand: Stand, page: Page) -> None:
    frame = shown(stand, page, several, "tfoot")
    page.locator("#tab-plan").focus()
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        focused = frame.locator(":focus")
        names.append(focused.first.inner_text().split("\n")[0] if focused.count() else "")
    assert [name for name in names if name] == ["План 3", "План 2", "План 1", "Печать", "Обновить"]


def test_print_leaves_the_plan_and_drops_the_buttons(stand: Stand, page: Page) -> None:
    frame = shown(stand, page, several, "tfoot")
    page.emulate_media(media="print")
    expect(frame.locator("tfoot")).to_be_visible()
    expect(frame.locator(".patient")).to_be_visible()
    expect(frame.get_by_role("button").first).to_be_hidden()
    expect(frame.get_by_role("navigation")).to_be_hidden()


def shown(stand: Stand, page: Page, prepare: Callable[[Stand], int], ready: str) -> FrameLocator:
    """Открывает вкладку и ждёт нужного вида."""
    frame = stand.open(page, prepare(stand))
    expect(frame.locator(ready).first).to_be_visible()
    return frame
