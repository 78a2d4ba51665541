"""Страница наблюдения в настоящем Chromium: четыре состояния, возврат записей, пауза, вход, обновление."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.portal.server import PortalServer
from monitoring.app import monitor_app
from services.domain.outbox import EntryState
from tests.support.looking import look
from tests.support.node import eventually
from tests.support.pages import PageServer
from tests.support.watched import WatchedWorld

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "monitor"
WIDTHS = (1200, 400)


class Stand:
    """Открытая страница, её мир и то, что просили выбрать."""

    def __init__(self, watched: WatchedWorld, browser: Browser, url: str) -> None:
        self.watched, self.url = watched, url
        self.synced: list[Sequence[str]] = []
        watched.services.sync_now = self.synced.append
        self.page: Page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="ru-RU")
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )

    def open(self, path: str = "") -> Page:
        """Открывает страницу."""
        self.page.goto(self.url + path)
        return self.page

    def shoot(self, name: str) -> None:
        """Снимает страницу на широком и узком экране; вбок она не едет ни на одном."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name}: страница шире экрана {width}"
        self.page.set_viewport_size({"width": 1200, "height": 900})


@pytest.fixture
def watched(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[WatchedWorld]:
    """Установка с прошлым за месяц."""
    watched = WatchedWorld(tmp_path, redis_url, portal, days=30)
    yield watched
    watched.close()


@pytest.fixture
def stand(watched: WatchedWorld, browser: Browser) -> Iterator[Stand]:
    """Страница этой установки."""
    watched.services.sync_now = lambda _: None
    with PageServer(monitor_app(watched.services)) as server:
        stand = Stand(watched, browser, server.url)
        yield stand
        stand.page.close()
        assert stand.complaints == []


def level(page: Page) -> str | None:
    """Возвращает цвет приговора."""
    return page.locator("#verdict").get_attribute("data-level")


def test_all_well_is_seen_at_once(stand: Stand) -> None:
    page = stand.open()
    assert level(page) == "good"
    expect(page.get_by_role("heading", name="Всё хорошо")).to_be_visible()
    expect(page.locator("#branches tbody tr")).to_have_count(5)
    expect(page.locator("#charts svg")).to_have_count(4)
    expect(page.get_by_role("link", name="Flower: задачи Celery")).to_have_attribute(
        "href", "http://127.0.0.1:5555/"
    )
    stand.shoot("all-well")


def test_lost_base_names_the_base_the_branches_and_the_advice(stand: Stand) -> None:
    stand.watched.lose_base()
    page = stand.open()
    assert level(page) == "bad"
    expect(page.get_by_role("heading", name="Нет связи с базой Ident D2")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("Филиал Фучика, Филиал Победы")
    expect(page.locator("#verdict .advice")).to_contain_text("сервер базы включён")
    expect(page.locator("#branches tr.trouble")).to_have_count(2)
    expect(page.locator("#branches tr.trouble").first).to_contain_text("портал отстаёт до 12 мин")
    stand.shoot("base-lost")


def test_halted_portal_says_what_to_do_and_is_resumed_from_the_page(stand: Stand) -> None:
    stand.watched.halt()
    page = stand.open()
    assert level(page) == "bad"
    expect(page.get_by_role("heading", name="Портал не принимает вебхук")).to_be_visible()
    expect(page.locator("#verdict .advice")).to_contain_text("впишите его в настройках, раздел «Портал»")
    expect(page.locator("#verdict .advice")).to_contain_text("нажмите «Возобновить отправку»")
    expect(page.locator("#figures")).to_contain_text("37")
    stand.shoot("portal-halted")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Возобновить отправку").click()
    expect(page.locator(".flash")).to_have_text("Отправка возобновлена")
    assert stand.watched.store.gate.halted() is None


def test_300_failed_records_are_listed_and_returned_to_the_queue(stand: Stand) -> None:
    stand.watched.fail(300)
    stand.watched.postpone(4)
    stand.watched.reject()
    page = stand.open()
    expect(page.locator("#failed h2")).to_contain_text("300 записей")
    expect(page.locator("#failed tbody tr")).to_have_count(50)
    expect(page.locator("#failed .groups li")).to_have_count(3)
    expect(page.locator("#rejected tbody tr")).to_have_count(2)
    expect(page.locator("#retries")).to_contain_text("4 записи")
    expect(page.get_by_role("link", name="К списку «Не отправлено»")).to_have_attribute("href", "#failed")
    stand.shoot("300-failed")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#failed tbody tr").first.get_by_role("button", name="Вернуть").click()
    expect(page.locator(".flash")).to_have_text("Возвращено в очередь записей: 1")
    expect(page.locator("#failed h2")).to_contain_text("299 записей")
    page.get_by_role("button", name="Вернуть в очередь: 299").click()
    expect(page.locator(".flash")).to_have_text("Возвращено в очередь записей: 299")
    expect(page.locator("#failed")).to_have_count(0)
    assert stand.watched.failed() == 0
    depth = stand.watched.store.outbox.depth("F1")
    assert depth[EntryState.PENDING] == 60


@pytest.mark.parametrize("state", ["good", "bad", "note"])
def test_axe_finds_no_serious_fault(stand: Stand, state: str) -> None:
    prepare = {"good": lambda: None, "bad": lambda: stand.watched.fail(12), "note": stand.watched.rest}
    prepare[state]()
    stand.watched.reject()
    page = stand.open()
    assert level(page) == state
    look(page, SHOTS, f"axe-{state}")


def test_each_rejected_record_stands_where_it_is_dealt_with(stand: Stand) -> None:
    stand.watched.reject()
    page = stand.open()
    expect(page.locator("#rejected tbody td b")).to_have_text(["F1_501", "F4_77"])
    expect(page.locator("#gone")).to_contain_text("F2_88")
    expect(page.locator("#unread")).to_contain_text("F5_90")
    expect(page.locator("#figures li", has_text="Исправить в Ident").locator("b")).to_have_text("2")
    assert "[[" not in page.locator("main").inner_text()
    stand.shoot("rejected")


def test_repeated_refusals_are_summed_with_their_records(stand: Stand) -> None:
    stand.watched.trouble(10)
    page = stand.open()
    line = page.locator("#portal .troubles li")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("× 10")
    expect(line).to_contain_text("Записи: F1_9000")
    expect(line).to_contain_text("и ещё 2")


def test_filter_narrows_the_list_the_return_and_the_table(stand: Stand, tmp_path: Path) -> None:
    stand.watched.fail(30)
    page = stand.open()
    page.locator("select[name=branch]").select_option("F3")
    page.get_by_role("button", name="Отобрать").click()
    expect(page.locator("#failed h2")).to_contain_text("отобрано 6 из 30")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Скачать CSV").click()
    saved.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert [row[0].partition("_")[0] for row in rows] == ["Запись", *["F3"] * 6]
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Вернуть в очередь: 6").click()
    expect(page.locator("#failed h2")).to_contain_text("24 записи")


def test_declined_question_changes_nothing(stand: Stand) -> None:
    stand.watched.fail(3)
    page = stand.open()
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Вернуть в очередь: 3").click()
    assert stand.watched.failed() == 3


def test_page_refreshes_itself(stand: Stand) -> None:
    page = stand.open()
    assert level(page) == "good"
    stand.watched.lose_base()
    expect(page.get_by_role("heading", name="Нет связи с базой Ident D2")).to_be_visible(timeout=20_000)


def test_filter_survives_the_refresh_while_a_person_types(stand: Stand) -> None:
    stand.watched.fail(3)
    page = stand.open()
    page.get_by_role("searchbox").fill("F1_7")
    stand.watched.lose_base()
    expect(page.get_by_role("heading", name="Нет связи с базой Ident D2")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("searchbox")).to_have_value("F1_7")


def test_pause_is_put_and_lifted_from_the_page(stand: Stand) -> None:
    page = stand.open()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Пауза").click()
    expect(page.get_by_role("heading", name="Пауза")).to_be_visible()
    assert level(page) == "note"
    assert stand.watched.store.gate.paused() is not None
    page.get_by_role("button", name="Снять паузу").click()
    expect(page.get_by_role("heading", name="Всё хорошо")).to_be_visible()
    assert stand.watched.store.gate.paused() is None


def test_synchronisation_now_asks_every_branch(stand: Stand) -> None:
    page = stand.open()
    page.get_by_role("button", name="Синхронизировать сейчас").click()
    expect(page.locator(".flash")).to_contain_text("Выборка запрошена")
    assert stand.synced == [["F1", "F2", "F3", "F4", "F5"]]


def test_stopped_service_is_seen_on_the_open_page(watched: WatchedWorld, browser: Browser) -> None:
    with PageServer(monitor_app(watched.services)) as server:
        page = browser.new_page()
        page.goto(server.url)
    eventually(lambda: "lost" in (page.locator("body").get_attribute("class") or ""), seconds=40)
    page.close()


def test_page_works_without_scripts(watched: WatchedWorld, browser: Browser) -> None:
    watched.fail(3)
    with PageServer(monitor_app(watched.services)) as server:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(server.url)
        page.get_by_role("button", name="Вернуть в очередь: 3").click()
        expect(page.locator(".flash")).to_have_text("Возвращено в очередь записей: 3")
        context.close()
    assert watched.failed() == 0


def test_page_with_a_password_asks_for_it(
    tmp_path: Path, redis_url: str, portal: PortalServer, browser: Browser
) -> None:
    watched = WatchedWorld(tmp_path, redis_url, portal, monitor={"password": "пароль страницы"})
    with PageServer(monitor_app(watched.services)) as server:
        page = browser.new_page(locale="ru-RU")
        page.goto(server.url)
        page.get_by_label("Пароль страницы").fill("мимо")
        page.get_by_role("button", name="Войти").click()
        expect(page.get_by_role("alert")).to_have_text("Пароль не подходит")
        page.get_by_label("Пароль страницы").fill("пароль страницы")
        page.get_by_role("button", name="Войти").click()
        expect(page.get_by_role("heading", name="Всё хорошо")).to_be_visible()
        page.close()
    watched.close()
