"""Страница «Проверка» в настоящем Chromium: осмотр, предпросмотр, загрузка прошлого."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.loader import CONFIG_VARIABLE
from demo.portal.server import PortalServer
from monitoring.app import monitor_app
from services.ident.sqlite import clinic_now
from tests.support.looking import look
from tests.support.pages import PageServer
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "check"
PATIENCE = 60_000


@pytest.fixture
def world(
    tmp_path: Path, redis_url: str, portal: PortalServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Установка, чьи страницы прошлого читает сама проверка вместо узла."""
    world = World(tmp_path / "world", redis_url, portal)
    world.services.backfill_now = lambda branch: [*world.branch(branch).backfill.page()].clear()
    monkeypatch.setenv(CONFIG_VARIABLE, str(world.path))
    yield world
    world.close()


@pytest.fixture
def page(world: World, browser: Browser) -> Iterator[Page]:
    """Открытая страница; браузеру жаловаться не на что."""
    complaints: list[str] = []
    with PageServer(monitor_app(world.services)) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ru-RU")
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{server.url}check")
        yield page
        page.close()
    assert complaints == []


def test_doctor_tells_each_finding_with_its_advice(page: Page) -> None:
    doctor = page.locator("#doctor")
    doctor.get_by_role("button", name="Проверить").click()
    expect(doctor.get_by_role("button", name="Проверить снова")).to_be_visible(timeout=PATIENCE)
    expect(doctor.locator("h3")).to_contain_text(["Этот компьютер", "База Ident D1", "Портал"])
    expect(doctor.locator("li.warn", has_text="50 запросов в секунду")).to_contain_text("→ Так можно только")
    expect(doctor.get_by_role("status")).to_contain_text("исправить")
    doctor.locator("summary").first.click()
    expect(doctor.locator("li.ok").first).to_be_visible()
    page.reload()
    expect(doctor.locator("h3")).to_contain_text(["Этот компьютер"])
    look(page, SHOTS, "doctor")


def test_preview_is_a_difference_without_people_and_writes_nothing(page: Page, world: World) -> None:
    uids = [f"F1_{world.book(Comment='Иванов: аллергия')}" for _ in range(2)]
    before = world.portal.state.revision
    preview = page.locator("#preview")
    preview.get_by_role("button", name="Показать").click()
    expect(preview.get_by_role("status")).to_contain_text("2 записи", timeout=PATIENCE)
    expect(preview.locator("summary")).to_contain_text([f"{uid} — создать сделку" for uid in uids])
    expect(preview.get_by_role("row", name="Статус приёма").first).to_contain_text("Запланирован")
    expect(preview.get_by_role("row", name="Стадия").first).to_contain_text("C1:CONSULT_SCHED")
    told = page.content()
    assert not any(word in told for word in ("Лунёва", "Алсу", "Иванов", "аллергия", "9031112233"))
    assert world.portal.state.revision == before
    look(page, SHOTS, "preview")


def past(world: World, count: int) -> str:
    """Записывает приёмы прошлого месяца; возвращает их день для поля даты."""
    start, length = clinic_now() - timedelta(days=30), timedelta(minutes=30)
    for number in range(count):
        times = {"PlanStart": start, "PlanEnd": start + length, "ReceptionAdded": start}
        world.ident.reception(ID_Patients=world.patient(phone=f"+79037{number:06}"), **times)
    return f"{start:%Y-%m-%d}"


def test_past_is_loaded_with_its_progress(page: Page, world: World) -> None:
    day = past(world, 60)
    load = page.locator("#backfill")
    load.locator("input[name=since]").fill(day)
    load.locator("input[name=until]").fill(day)
    load.get_by_role("button", name="Загрузить").click()
    expect(load.get_by_role("status")).to_contain_text("готово, прочитано 60 из 60", timeout=PATIENCE)
    assert world.services.store.backfills.load("F1") is None
    assert world.services.store.outbox.size("F1") == 60
    look(page, SHOTS, "backfill")


def test_wrong_days_are_explained(page: Page) -> None:
    load = page.locator("#backfill")
    load.locator("input[name=since]").fill("2026-02-01")
    load.locator("input[name=until]").fill("2026-01-01")
    load.get_by_role("button", name="Загрузить").click()
    expect(load.get_by_role("alert")).to_contain_text("Последний день раньше первого", timeout=PATIENCE)


def test_interrupted_load_is_offered_and_continued(page: Page, world: World) -> None:
    past(world, 60)
    start = clinic_now() - timedelta(days=31)
    world.branch().backfill.begin(start, start + timedelta(days=3))
    world.branch().backfill.page()
    page.reload()
    load = page.locator("#backfill")
    expect(load).to_contain_text("прервана на 50 из 60")
    load.get_by_role("button", name="Продолжить").click()
    expect(load.get_by_role("status")).to_contain_text("готово, прочитано 60 из 60", timeout=PATIENCE)


def test_silent_node_is_named_and_the_load_can_be_continued(page: Page, world: World) -> None:
    world.services.backfill_now = lambda branch: None
    load = page.locator("#backfill")
    load.locator("input[name=since]").fill("2026-01-01")
    load.locator("input[name=until]").fill("2026-01-02")
    load.get_by_role("button", name="Загрузить").click()
    expect(load.get_by_role("alert")).to_contain_text("Узел не берёт страницу", timeout=PATIENCE)
    expect(load.get_by_role("button", name="Продолжить")).to_be_visible()
