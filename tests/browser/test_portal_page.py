"""Страница портала-эмулятора в настоящем браузере: воронка, карточка, история, узкий экран, чужой текст."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from demo.portal.server import PortalServer
from tests.support.rest import Rest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOTS = Path(__file__).resolve().parents[2] / "build" / "portal"
VISIT = {
    "CATEGORY_ID": 1,
    "STAGE_ID": "C1:CONSULT_SCHED",
    "TITLE": "Лунёва Алсу - 30.12.2026 10:00",
    "OPPORTUNITY": 6000,
    "UF_CRM_RECEPTION_ID": "F1_77",
    "UF_CRM_START_TIME": "2026-12-30T10:00:00+03:00",
    "UF_CRM_FILIAL": "Филиал Фучика",
    "UF_CRM_SERVICES": "Лечение кариеса, Консультация",
    "UF_CRM_DOCTOR_SURNAME": "Зорин",
    "UF_CRM_STATUS": "Запланирован",
}
HOSTILE = "<img src=x onerror=\"document.title='взломано'\"><b>жирно</b>"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Страница широкого экрана; ошибка на ней — провал проверки, отказ сервера — нет."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    assert [text for text in errors if "Failed to load resource" not in text] == []


@pytest.fixture
def rest(portal: PortalServer) -> Rest:
    """Вебхук портала."""
    return Rest(portal)


def visit(rest: Rest, **fields: Any) -> int:
    """Создаёт сделку приёма с контактом."""
    contact_id = rest.contact("+79031112233", LAST_NAME="Лунёва")
    return rest.deal(CONTACT_IDS=[contact_id], **{**VISIT, **fields})


def opened(page: Page, rest: Rest, path: str = "") -> Page:
    """Открывает страницу портала и ждёт доски."""
    page.goto(rest.portal.base_url + path)
    page.wait_for_selector(".column")
    return page


# --- Воронка -------------------------------------------------------------------------------------


def test_funnel_is_columns_with_counts_sums_and_cards(page: Page, rest: Rest) -> None:
    deal_id = visit(rest)
    opened(page, rest)
    assert page.locator(".column h2").all_inner_texts()[:3] == [
        "Запись на консультацию",
        "Консультация проведена",
        "Презентация плана лечения",
    ]
    column = page.get_by_label("Запись на консультацию", exact=True)
    expect(column.locator(".count")).to_have_text("1")
    expect(column.locator(".sum")).to_have_text("6 000 ₽")
    tile = column.locator(f"[data-deal='{deal_id}']")
    for text in ("30.12 10:00", "Лунёва Алсу", "Лечение кариеса", "Зорин", "Филиал Фучика", "Запланирован"):
        expect(tile).to_contain_text(text)


def test_relative_with_the_same_phone_is_not_taken_for_the_patient(page: Page, rest: Rest) -> None:
    deal_id = visit(rest, TITLE="Лунёв Тимур - 30.12.2026 10:00")
    opened(page, rest)
    tile = page.locator(f"[data-deal='{deal_id}']")
    expect(tile.locator(".patient")).to_have_text("Лунёв Тимур")
    expect(tile).to_contain_text("контакт: Лунёва Алсу")


def test_card_moves_by_itself_when_its_deal_changes_stage(page: Page, rest: Rest) -> None:
    deal_id = visit(rest)
    opened(page, rest)
    rest.result("crm.deal.update", id=deal_id, fields={"STAGE_ID": "C1:TREATMENT"})
    moved = page.get_by_label("Лечение", exact=True).locator(f"[data-deal='{deal_id}']")
    expect(moved).to_be_visible()
    expect(page.get_by_label("Запись на консультацию", exact=True).locator(".tile")).to_have_count(0)


def test_new_deal_appears_and_a_deleted_one_leaves(page: Page, rest: Rest) -> None:
    opened(page, rest)
    deal_id = visit(rest)
    expect(page.locator(f"[data-deal='{deal_id}']")).to_be_visible()
    rest.result("crm.deal.delete", id=deal_id)
    expect(page.locator(".tile")).to_have_count(0)


def test_deals_are_searched_and_filtered(page: Page, rest: Rest) -> None:
    first = visit(rest)
    second = visit(rest, TITLE="Зорин Пётр", UF_CRM_FILIAL="Филиал Амирхана", UF_CRM_RECEPTION_ID="F2_1")
    opened(page, rest)
    page.fill("#search", "пётр")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(f"[data-deal='{second}']")).to_be_visible()
    page.fill("#search", "")
    page.select_option("#filial", "Филиал Фучика")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(f"[data-deal='{first}']")).to_be_visible()


def test_traffic_and_notifications_are_shown(page: Page, rest: Rest) -> None:
    opened(page, rest)
    rest.batch(a="profile", b="profile")
    rest.result("im.notify.system.add", USER_ID=1, MESSAGE="Очередь растёт")
    expect(page.locator("#recent")).to_contain_text("batch · 2")
    expect(page.locator("#notifications")).to_contain_text("Очередь растёт")
    expect(page.locator("#requests")).to_have_text("2")


def test_refused_request_stands_out(page: Page, rest: Rest) -> None:
    opened(page, rest)
    rest.reply("crm.no.such")
    expect(page.locator("#recent .bad")).to_contain_text("ERROR_METHOD_NOT_FOUND")


def test_stopped_portal_is_told_plainly(page: Page, rest: Rest) -> None:
    opened(page, rest)
    page.route("**/emulator/board*", lambda route: route.abort())
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/emulator/board*")
    expect(page.locator("#offline")).to_be_hidden()


# --- Карточка ------------------------------------------------------------------------------------


def test_card_shows_every_field_the_contact_and_the_lead(page: Page, rest: Rest) -> None:
    lead_id = rest.lead("+79031112233", STATUS_ID="CONVERTED")
    deal_id = visit(rest, COMMENTS="просил перезвонить")
    rest.result("crm.item.update", entityTypeId=2, id=deal_id, fields={"leadId": lead_id})
    opened(page, rest)
    page.click(f"[data-deal='{deal_id}']")
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text(VISIT["TITLE"])
    expect(drawer.locator(".person").first).to_contain_text("Лунёва Алсу")
    expect(drawer.locator(".person").first).to_contain_text("+79031112233")
    expect(drawer).to_contain_text("Качественный лид")
    fields = drawer.locator("[data-panel=main]")
    for text in ("F1_77", "Лечение кариеса, Консультация", "30.12.2026 10:00", "просил", "6 000 ₽"):
        expect(fields).to_contain_text(text)
    for slip in ("[object", "undefined", "null", "false"):
        expect(drawer).not_to_contain_text(slip)
    drawer.locator(".blank summary").click()
    expect(drawer.locator(".blank")).to_contain_text("Причина отмены")


def test_card_has_its_own_address_and_closes(page: Page, rest: Rest) -> None:
    deal_id = visit(rest)
    opened(page, rest, f"deal/{deal_id}")
    expect(page.locator("#drawer h2")).to_have_text(VISIT["TITLE"])
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert page.url == rest.portal.base_url
    page.go_back()
    expect(page.locator("#drawer")).to_be_visible()
    page.click("[data-close]")
    expect(page.locator("#drawer")).to_be_hidden()


def test_unknown_deal_is_told_plainly(page: Page, rest: Rest) -> None:
    opened(page, rest, "deal/999")
    expect(page.locator("#drawer")).to_contain_text("Такой сделки нет")


def test_history_tells_what_the_integration_and_people_did(page: Page, rest: Rest) -> None:
    deal_id = visit(rest)
    rest.result(
        "crm.deal.update", id=deal_id, fields={"STAGE_ID": "C1:TREATMENT", "UF_CRM_STATUS": "В процессе"}
    )
    opened(page, rest, f"deal/{deal_id}")
    page.click("[data-tab=log]")
    moves = page.locator(".moves li")
    expect(moves).to_have_count(2)
    expect(moves.first).to_contain_text("Запись на консультацию → Лечение")
    events = page.locator(".timeline > li")
    expect(events.first).to_contain_text("Данные обновлены")
    expect(events.first).to_contain_text("Анна Администратор (вебхук)")
    expect(events.first.locator(".changes")).to_contain_text("Запланирован")
    expect(events.first.locator(".changes")).to_contain_text("В процессе")
    events.last.locator("summary").click()
    expect(events.last).to_contain_text("Филиал Фучика")


def test_manager_moves_the_deal_by_hand_from_its_card(page: Page, rest: Rest) -> None:
    deal_id = visit(rest)
    opened(page, rest, f"deal/{deal_id}")
    page.click(".stages button:has-text('Лист ожидания')")
    expect(page.locator(".stages [aria-current=step]")).to_have_text("Лист ожидания")
    page.click("[data-tab=log]")
    expect(page.locator(".moves li").first).to_contain_text("Мария Менеджер")


def test_current_stage_is_in_sight_even_at_the_end_of_the_row(page: Page, rest: Rest) -> None:
    opened(page, rest, f"deal/{visit(rest, STAGE_ID='C1:LOSE')}")
    expect(page.locator(".stages [aria-current=step]")).to_be_in_viewport(ratio=0.9)


def test_plan_tab_waits_for_its_application(page: Page, rest: Rest) -> None:
    opened(page, rest, f"deal/{visit(rest, UF_CRM_TREATMENT_PLANS='План 3: выполнено 2 из 5')}")
    page.click("[data-tab=plan]")
    panel = page.locator("[data-panel=plan]")
    expect(panel).to_contain_text("Здесь откроется приложение")
    expect(panel.locator(".snapshot")).to_have_text("План 3: выполнено 2 из 5")


def test_tabs_obey_the_keyboard_and_focus_stays_in_the_card(page: Page, rest: Rest) -> None:
    opened(page, rest, f"deal/{visit(rest)}")
    page.focus("[data-tab=main]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-tab=plan]")).to_be_focused()
    expect(page.locator("[data-panel=plan]")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('drawer').contains(document.activeElement)")


# --- Чужой текст и узкий экран -------------------------------------------------------------------


def test_hostile_text_is_shown_as_text(page: Page, rest: Rest) -> None:
    contact_id = rest.contact("+79031112233", LAST_NAME=HOSTILE)
    spoiled = {"TITLE": HOSTILE, "COMMENTS": HOSTILE, "UF_CRM_FILIAL": HOSTILE, "UF_CRM_SERVICES": HOSTILE}
    deal_id = rest.deal(CONTACT_IDS=[contact_id], **{**VISIT, **spoiled})
    rest.result("im.notify.system.add", USER_ID=1, MESSAGE=HOSTILE)
    opened(page, rest)
    expect(page.locator(f"[data-deal='{deal_id}'] .patient")).to_have_text(HOSTILE)
    page.click(f"[data-deal='{deal_id}']")
    expect(page.locator("#drawer h2")).to_have_text(HOSTILE)
    page.click("[data-tab=log]")
    page.locator(".timeline summary").click()
    expect(page.locator(".timeline")).to_contain_text("onerror")
    assert page.locator("img").count() == 0
    assert page.locator("#drawer b:text-is('жирно')").count() == 0
    assert page.title() == "Портал клиники — воронка"


@pytest.mark.parametrize("width", [360, 400, 768])
def test_narrow_screen_fits_and_works(page: Page, rest: Rest, width: int) -> None:
    deal_id = visit(rest)
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, rest)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click(f"[data-deal='{deal_id}']")
    expect(page.locator("#drawer h2")).to_be_visible()
    box = page.locator("#drawer").bounding_box()
    assert box is not None
    assert int(box["width"]) <= width
    assert page.evaluate("document.getElementById('drawer').scrollWidth") <= width
    page.click("[data-close]")
    expect(page.locator("#drawer")).to_be_hidden()


def test_narrow_screen_jumps_to_a_stage(page: Page, rest: Rest) -> None:
    visit(rest, STAGE_ID="C1:WON")
    page.set_viewport_size({"width": 400, "height": 800})
    opened(page, rest)
    page.locator("#jump button", has_text="Успешно").first.click()
    expect(page.get_by_label("Успешно", exact=True).locator(".tile")).to_be_in_viewport()


def test_wide_screen_shows_the_whole_height_without_scrolling_the_page(page: Page, rest: Rest) -> None:
    rest.batch(**{f"c{n}": f"crm.deal.add?fields[CATEGORY_ID]=1&fields[TITLE]=Приём {n}" for n in range(45)})
    opened(page, rest)
    expect(page.locator(".rest").first).to_have_text("и ещё 5 сделок")
    expect(page.locator(".rest").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


# --- Ширина и тема -------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whole_funnel_fits_1280_and_is_readable_in_either_scheme(
    page: Page, rest: Rest, scheme: Literal["light", "dark"]
) -> None:
    for _ in range(3):
        visit(rest, OPPORTUNITY="1250000", UF_CRM_SERVICES="Консультация врача-ортодонта, снимок")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme=scheme)
    opened(page, rest)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"funnel-{scheme}.png", full_page=True)
    wide, seen = page.locator(".board").evaluate("board => [board.scrollWidth, board.clientWidth]")
    assert wide <= seen
    cut = page.locator(".column h2, .tile *").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)"
        ".map(one => one.innerText)"
    )
    assert cut == []
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
