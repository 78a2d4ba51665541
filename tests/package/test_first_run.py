"""Первая установка в Chromium: поставленный пакет без настроек — до идущего обмена, без консоли и файла.

Пакет собран и поставлен установщиком, как в клинике; корень — временная папка, Python в окружении нет.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from config.first_run import has_code
from demo.broker import free_port
from demo.portal.options import PortalOptions
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.site import to_toml
from services.ident.sqlite import clinic_now
from tests.fakes_ident import SmallIdent
from tests.support.installed import Computer
from tests.support.looking import look
from tests.support.node import eventually
from tests.support.packed import write_sqlite_statements

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.package, pytest.mark.xdist_group("package")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "first_run"
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
def computer(tmp_path: Path) -> Iterator[Computer]:
    """Компьютер, на котором программы ещё нет."""
    computer = Computer(tmp_path)
    yield computer
    computer.stop()


def installed(computer: Computer, package: Path) -> tuple[str, str]:
    """Ставит пакет с концом в браузере; возвращает адрес страницы и одноразовый код.

    Порты — свои: на машине проверок бывает и другая установка. Запросы — на языке базы демонстрации.
    """
    answers = computer.folder / "answers.toml"
    beginning = {
        "install": {"browser": True, "redis_port": free_port()},
        "node": {"sql_dir": str(write_sqlite_statements(computer.folder / "sql"))},
        "monitor": {"port": free_port()},
        "flower": {"port": free_port()},
    }
    answers.write_text(to_toml(beginning), encoding="utf-8")
    done = computer.service(package, "install", "--answers", str(answers))
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"в браузере на этом компьютере: (\S+)\s+Одноразовый код страницы: (\S+)", done.stdout)
    assert told is not None, done.stdout
    return told[1], told[2]


def further(page: Page, heading: str) -> None:
    """Переходит к следующему шагу."""
    page.get_by_text("Дальше", exact=True).click()
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=60_000)


def test_from_the_first_visit_to_a_running_exchange(
    computer: Computer, unpacked: Path, clinic: SmallIdent, bare_portal: PortalServer, browser: Browser
) -> None:
    url, code = installed(computer, unpacked)
    eventually(lambda: status_of(url) == 200, seconds=60)
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ru-RU")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    look(page, SHOTS, "1-password")
    page.get_by_label("Одноразовый код").fill(code)
    page.get_by_label("Новый пароль").fill(PASSWORD)
    page.get_by_label("Он же ещё раз").fill(PASSWORD)
    page.get_by_role("button", name="Поставить пароль").click()

    expect(page.get_by_role("heading", name="База Ident")).to_be_visible()
    page.get_by_role("button", name="Добавить базу демонстрации").click()
    page.get_by_label("Файл базы").fill(str(clinic.path))
    page.get_by_role("button", name="Проверить").click()
    expect(page.get_by_text("база D1 отвечает")).to_be_visible(timeout=60_000)
    look(page, SHOTS, "2-base")
    further(page, "Филиалы")

    expect(page.get_by_label("Имя в Ident").first).not_to_have_value("")
    look(page, SHOTS, "3-branches")
    further(page, "Портал")

    page.get_by_label("Адрес вебхука").fill("https://не вебхук")
    page.get_by_text("Дальше", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Адрес вебхука").fill(bare_portal.url)
    page.get_by_label("Запросов в секунду").fill("50")
    page.get_by_role("button", name="Проверить").click()
    expect(page.get_by_text("вебхук принят")).to_be_visible(timeout=60_000)
    look(page, SHOTS, "4-portal")
    further(page, "Воронка, стадии и поля на портале")

    expect(page.get_by_text("Будет сделано на портале")).to_be_visible()
    look(page, SHOTS, "5-plan")
    page.get_by_role("button", name="Создать").click()
    expect(page.get_by_text("На портале всё есть")).to_be_visible(timeout=120_000)
    look(page, SHOTS, "6-made")
    further(page, "Решения клиники")

    page.get_by_label("Семья с одним телефоном").select_option("phone_and_name")
    page.get_by_label("Приём, удалённый в Ident").select_option("report")
    look(page, SHOTS, "7-decisions")
    further(page, "Кому сообщать")

    page.get_by_label("Сотрудники портала").fill("1")
    page.get_by_role("button", name="Послать пробу").click()
    expect(page.get_by_text("отправлено")).to_be_visible(timeout=60_000)
    look(page, SHOTS, "8-alerts")
    further(page, "Проверка")

    expect(page.get_by_role("button", name="Повторить")).to_be_visible(timeout=120_000)
    look(page, SHOTS, "9-check")
    further(page, "Первые приёмы")

    expect(page.get_by_text("создать сделку")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name="Повторить")).to_be_visible(timeout=60_000)
    assert "Лунёва" not in page.content()
    assert not bare_portal.state.entities[DEAL]
    look(page, SHOTS, "10-preview")
    page.get_by_role("button", name="Начать обмен").click()

    expect(page.get_by_role("link", name="Состояние")).to_be_visible(timeout=120_000)
    eventually(lambda: len(bare_portal.state.entities[DEAL]) == 1, seconds=150)
    page.goto(f"{url}settings/decisions")
    expect(page.get_by_label("Семья с одним телефоном")).to_have_value("phone_and_name")
    page.get_by_label("Семья с одним телефоном").select_option("phone")
    page.get_by_role("button", name="Показать разницу").click()
    look(page, SHOTS, "11-difference")
    page.get_by_label("Пароль страницы").fill(PASSWORD)
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status")).to_contain_text("Сохранено")
    for slug in ("limits", "stages", "versions"):
        page.goto(f"{url}settings/{slug}")
        look(page, SHOTS, f"12-{slug}")
    page.close()
    assert complaints == []
    assert_kept_and_closed(computer)


def status_of(url: str) -> int:
    """Возвращает код ответа страницы; не открылась — 0."""
    with suppress(requests.ConnectionError):
        return requests.get(url, timeout=5).status_code
    return 0


def assert_kept_and_closed(computer: Computer) -> None:
    """Проверяет: осмотр без отказов; кода и жалоб на незаконченное нет ни в журналах, ни в выводе служб."""
    eventually(lambda: computer.doctor().returncode == 0)
    flower = tomllib.loads(computer.layout.settings.read_text(encoding="utf-8"))["flower"]["port"]
    eventually(lambda: status_of(f"http://127.0.0.1:{flower}/") == 401)
    assert not has_code(computer.layout.settings)
    places = (computer.layout.logs, computer.layout.units)
    files = [path for folder in places for path in folder.iterdir() if path.is_file()]
    told = [path.read_text(encoding="utf-8", errors="replace") for path in files]
    assert told
    assert not any("Одноразовый код" in text or PASSWORD in text for text in told)
    assert not any("Настройки не годятся" in text for text in told)
