"""Первая установка в Chromium: от пустых настроек до идущего обмена, без консоли и файла (Desk 2)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from demo.broker import free_port
from demo.portal.options import PortalOptions
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.site import to_toml
from services.ident.sqlite import clinic_now
from tests.fakes_ident import SmallIdent
from tests.support.node import NODE, Process, eventually

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("browser")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "first_run"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
PASSWORD = "пароль клиники"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[SmallIdent]:
    """Клиника с двумя филиалами и одним приёмом."""
    ident = SmallIdent(tmp_path, clinic_now())
    now = {"DateTimeAdded": clinic_now(), "DateTimeChanged": clinic_now()}
    person = ident.insert("Persons", Surname="Лунёва", Name="Алсу", MobilePhone="+79031112233")
    ident.insert("Patients", ID_Persons=person, CardNumber="К-1")
    ident.reception(ID_Patients=person, **now)
    yield ident
    ident.source.close()


@pytest.fixture
def bare_portal() -> Iterator[PortalServer]:
    """Свежий портал: ни воронки, ни полей клиники на нём нет."""
    with PortalServer(PortalOptions(rate=1000, threshold=1000, empty=True)) as server:
        yield server


@pytest.fixture
def node(tmp_path: Path, redis_url: str) -> Iterator[tuple[Process, str]]:
    """Узел, каким его оставляет установщик: Redis и папки известны, остального нет."""
    folder, port = tmp_path / "config", free_port()
    folder.mkdir(mode=0o700)
    path = folder / "settings.toml"
    beginning = {
        "redis": {"url": redis_url},
        "node": {"state_dir": str(tmp_path / "state"), "concurrency": 8},
        "journal": {"folder": str(folder / "logs")},
        "monitor": {"port": port},
        "flower": {"port": free_port()},
    }
    path.touch(0o600)
    path.write_text(to_toml(beginning), encoding="utf-8")
    path.with_name("settings.first-run").touch(0o600)
    process = Process(path, NODE)
    process.start()
    eventually(lambda: "Одноразовый код" in process.text(), seconds=60)
    yield process, f"http://127.0.0.1:{port}/"
    process.stop()


def look(page: Page, name: str) -> None:
    """Снимает страницу широкой и узкой, светлой и тёмной; axe серьёзного не находит, вбок она не едет."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            found = Axe().run(page).response["violations"]
            serious = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found
                       if one["impact"] in ("serious", "critical")]  # fmt: skip
            assert serious == [], f"{name} {width} {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def further(page: Page, heading: str) -> None:
    """Переходит к следующему шагу."""
    page.get_by_text("Дальше", exact=True).click()
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=60_000)


def test_from_the_first_visit_to_a_running_exchange(
    node: tuple[Process, str], clinic: SmallIdent, bare_portal: PortalServer, browser: Browser
) -> None:
    process, url = node
    code = re.search(r"Одноразовый код страницы: (\S+)", process.text())
    assert code is not None
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ru-RU")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    look(page, "1-password")
    page.get_by_label("Одноразовый код").fill(code[1])
    page.get_by_label("Новый пароль").fill(PASSWORD)
    page.get_by_label("Он же ещё раз").fill(PASSWORD)
    page.get_by_role("button", name="Поставить пароль").click()

    expect(page.get_by_role("heading", name="База Ident")).to_be_visible()
    page.get_by_role("button", name="Добавить базу демонстрации").click()
    page.get_by_label("Файл базы").fill(str(clinic.path))
    page.get_by_role("button", name="Проверить").click()
    expect(page.get_by_text("база D1 отвечает")).to_be_visible(timeout=60_000)
    look(page, "2-base")
    further(page, "Филиалы")

    expect(page.get_by_label("Имя в Ident").first).not_to_have_value("")
    look(page, "3-branches")
    further(page, "Портал")

    page.get_by_label("Адрес вебхука").fill("https://не вебхук")
    page.get_by_text("Дальше", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Адрес вебхука").fill(bare_portal.url)
    page.get_by_label("Запросов в секунду").fill("50")
    page.get_by_role("button", name="Проверить").click()
    expect(page.get_by_text("вебхук принят")).to_be_visible(timeout=60_000)
    look(page, "4-portal")
    further(page, "Воронка, стадии и поля на портале")

    expect(page.get_by_text("Будет сделано на портале")).to_be_visible()
    look(page, "5-plan")
    page.get_by_role("button", name="Создать").click()
    expect(page.get_by_text("На портале всё есть")).to_be_visible(timeout=120_000)
    look(page, "6-made")
    further(page, "Решения клиники")

    page.get_by_label("Семья с одним телефоном").select_option("phone_and_name")
    page.get_by_label("Приём, удалённый в Ident").select_option("report")
    look(page, "7-decisions")
    further(page, "Кому сообщать")

    page.get_by_label("Сотрудники портала").fill("1")
    page.get_by_role("button", name="Послать пробу").click()
    expect(page.get_by_text("отправлено")).to_be_visible(timeout=60_000)
    look(page, "8-alerts")
    further(page, "Проверка")

    expect(page.get_by_role("button", name="Повторить")).to_be_visible(timeout=120_000)
    look(page, "9-check")
    further(page, "Первые приёмы")

    expect(page.get_by_text("создать сделку")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name="Повторить")).to_be_visible(timeout=60_000)
    assert "Лунёва" not in page.content()
    assert not bare_portal.state.entities[DEAL]
    look(page, "10-preview")
    page.get_by_role("button", name="Начать обмен").click()

    expect(page.get_by_role("link", name="Состояние")).to_be_visible(timeout=120_000)
    eventually(lambda: len(bare_portal.state.entities[DEAL]) == 1, seconds=150)
    page.goto(f"{url}settings/decisions")
    expect(page.get_by_label("Семья с одним телефоном")).to_have_value("phone_and_name")
    page.get_by_label("Семья с одним телефоном").select_option("phone")
    page.get_by_role("button", name="Показать разницу").click()
    look(page, "11-difference")
    page.get_by_label("Пароль страницы").fill(PASSWORD)
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status")).to_contain_text("Сохранено")
    for slug in ("limits", "stages", "versions"):
        page.goto(f"{url}settings/{slug}")
        look(page, f"12-{slug}")
    page.close()
    assert complaints == []
