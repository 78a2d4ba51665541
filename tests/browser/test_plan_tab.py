"""Вкладка «План лечения» в настоящем Chromium (ТЗ 5.1 № 5 и 9, МАП 3.4, 5.3, 5.4)."""

import json
import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from config.loader import application_key
from demo.portal.schema import DEAL
from services.domain.plan_snapshot import take_snapshot
from services.sealing import SnapshotSeal
from tests.browser.conftest import Stand, build_stand
from tests.support.plans import (
    ADMINISTRATOR,
    ALSU,
    ALSU_PHONE,
    CURATOR,
    EXPIRED,
    OTHER_APPLICATION,
    PlanWorld,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def rich_plan(world: PlanWorld, name: str = "Комплексная санация", lines: int = 6, **values: object) -> int:
    """Заводит план с этапами, элементом, зубами, скидкой и разным исполнением."""
    insert = world.ident.insert
    stages = [
        insert("TreatmentPlanStages", Name=title, Order=order)
        for order, title in enumerate(("Подготовка", "Терапия", "Ортопедия"), start=1)
    ]
    element = insert("TreatmentPlanElements", Name="Верхняя челюсть")
    plan_id = world.ident.insert(
        "TreatmentPlans",
        ID_Patients=1,
        **{"Name": name, "ID_Staffs": 2, "DateTimeCreated": datetime(2026, 10, 5, 12), **values},
    )
    relations = [
        insert(
            "TreatmentPlanElementRelations",
            ID_TreatmentPlans=plan_id,
            ID_TreatmentPlanStages=stages[number * len(stages) // lines],
            ID_TreatmentPlanElements=element if number % 3 else None,
            ID_ServicePrices=1 + number % 2,
            TeethLong=0b111 if number % 4 == 1 else None,
            DiscountSum=500 if number == 2 else None,
        )
        for number in range(lines)
    ]
    paid = world.ident.order(world.book(1), DateTimeBillFormed=datetime(2026, 10, 8))
    done = world.ident.order(world.book(1))
    for number, order in ((0, paid), (1, paid), (2, done)):
        if number < lines:
            world.ident.line(
                order, ID_TreatmentPlanElementRelations=relations[number], ID_TreatmentPlans=plan_id
            )
    return plan_id


def copied(stand: Stand, deal: int, age: timedelta = timedelta(hours=2)) -> None:
    """Кладёт в сделку снимок нынешних планов, снятый ``age`` назад."""
    lookup = stand.world.services.plans("F1")._lookup
    row: dict[str, Any] = stand.portal.state.entities[DEAL][deal]
    heads = lookup.lookup({"full_name": ALSU, "phones": [ALSU_PHONE]})
    ids = [plan["plan_id"] for plan in heads["plans"]]  # type: ignore[attr-defined]
    views = [
        lookup.lookup({"full_name": ALSU, "phones": [ALSU_PHONE], "plan_id": number})["plan"]
        for number in ids
    ]
    patient = heads["patient"]
    snapshot = take_snapshot(patient, views, datetime.now(UTC) - age)  # type: ignore[arg-type]
    seal = SnapshotSeal(application_key(stand.world.settings))
    row["UF_CRM_TREATMENT_PLANS"] = seal.sealed(deal, snapshot.text)


def statuses(frame: FrameLocator) -> list[str]:
    """Возвращает слова значков по порядку."""
    return [text.strip("○✓₽ \n") for text in frame.locator(".badge").all_inner_texts()]


def test_one_plan_is_shown_with_stages_sums_and_states(stand: Stand, page: Page) -> None:
    rich_plan(stand.world)
    frame = stand.open(page, stand.world.visit())
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()
    expect(frame.locator(".patient")).to_contain_text("Лунёва Алсу Ильинична")
    expect(frame.locator("tr.stage th")).to_have_text(["Подготовка", "Терапия", "Ортопедия"])
    assert statuses(frame) == [
        "Выполнено и оплачено",
        "Выполнено и оплачено",
        "Выполнено",
        *["Не выполнено"] * 3,
    ]
    # 1000,50 × 3 зуба на второй строке, скидка 500 на третьей (МАП 3.5).
    expect(frame.locator("tr.stage td.sum")).to_have_text(["8 001,50 ₽", "5 500,50 ₽", "8 001,50 ₽"])
    expect(frame.locator("tfoot td.sum")).to_have_text("21 503,50 ₽")
    expect(frame.locator(".progress .paid dd")).to_have_text("8 001,50 ₽")
    expect(frame.locator(".progress .done dd")).to_have_text("4 500 ₽")
    expect(frame.get_by_role("navigation", name="Планы пациента")).to_have_count(0)


def test_three_plans_give_a_list_and_the_newest_is_open(stand: Stand, page: Page) -> None:
    for month, name in ((1, "Старый план"), (9, "Новый план"), (4, "Средний план")):
        rich_plan(stand.world, name, 3, DateTimeCreated=datetime(2026, month, 1))
    frame = stand.open(page, stand.world.visit())
    plans = frame.get_by_role("navigation", name="Планы пациента").get_by_role("button")
    expect(plans).to_have_count(3)
    expect(plans.nth(0)).to_contain_text("Новый план")
    expect(plans.nth(0)).to_contain_text("от 01.09.2026")
    expect(plans.nth(0)).to_have_attribute("aria-current", "true")
    plans.filter(has_text="Старый план").press("Enter")
    expect(frame.get_by_role("heading", name="Старый план")).to_be_visible()
    expect(plans.filter(has_text="Старый план")).to_have_attribute("aria-current", "true")
    expect(plans.filter(has_text="Старый план")).to_be_focused()


def test_no_plan_says_so_and_looks_again(stand: Stand, page: Page) -> None:
    frame = stand.open(page, stand.world.visit())
    expect(frame.get_by_text("План лечения не найден для данного пациента")).to_be_visible()
    rich_plan(stand.world)
    frame.get_by_role("button", name="Обновить").click()
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()


def test_namesakes_are_chosen_by_card_number(stand: Stand, page: Page) -> None:
    twin = stand.world.namesake("К-77")
    rich_plan(stand.world)
    stand.world.plan(1, patient_id=twin, Name="План тёзки")
    frame = stand.open(page, stand.world.deal_for(0))
    expect(frame.get_by_text("Пациентов с таким именем несколько")).to_be_visible()
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_have_count(0)
    frame.get_by_role("button", name="К-77").click()
    expect(frame.get_by_role("heading", name="План тёзки")).to_be_visible()
    expect(frame.locator(".patient")).to_contain_text("К-77")


@pytest.mark.parametrize("key", ["constructor_1", "__proto__", "toString_7", "hasOwnProperty_2"])
def test_key_of_the_deal_never_chooses_where_the_token_goes(stand: Stand, page: Page, key: str) -> None:
    rich_plan(stand.world)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/plans" in request.url else None)
    deal = stand.world.deal_for(0)
    stand.portal.state.entities[DEAL][deal]["UF_CRM_RECEPTION_ID"] = key
    frame = stand.open(page, deal)
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible(timeout=30_000)
    (application,) = [address for address in stand.servers.addresses if address]
    assert asked
    assert all(url.startswith(application) for url in asked)


PLAN = {"id": 1, "sums": [1, 1, 1, 1, 1, 1], "stages": []}
LINE = ["", "", 1, 1, 1, 1, "constructor"]


@pytest.mark.parametrize(
    "copy",
    [
        "{",
        "[]",
        '"план"',
        '{"v": 2}',
        json.dumps({"v": 1, "plans": [{}]}),
        json.dumps({"v": 1, "plans": {"length": 1}}),
        json.dumps({"v": 1, "at": "вчера", "plans": [PLAN]}),
        json.dumps({"v": 1, "at": "2026-11-26T10:00", "plans": [{**PLAN, "sums": ["<b>", 1, 1, 1, 1, 1]}]}),
        json.dumps({"v": 1, "at": "2026-11-26T10:00", "plans": [{**PLAN, "stages": [["", 1, [LINE]]]}]}),
    ],
)
def test_spoiled_copy_is_said_plainly(stand: Stand, page: Page, copy: str) -> None:
    deal = stand.world.visit()
    stand.portal.state.entities[DEAL][deal]["UF_CRM_TREATMENT_PLANS"] = copy
    stand.servers.stop()
    frame = stand.open(page, deal)
    expect(frame.get_by_role("alert")).to_have_text(
        "Служба клиники недоступна с этого компьютера. "
        "Сохранённая в сделке копия плана испорчена и не показана."
    )


def test_service_that_is_down_leaves_the_saved_copy_with_its_age(stand: Stand, page: Page) -> None:
    rich_plan(stand.world)
    deal = stand.world.visit()
    copied(stand, deal)
    stand.servers.stop()
    frame = stand.open(page, deal)
    notice = frame.locator(".copy")
    expect(notice).to_contain_text("Показана сохранённая копия")
    expect(notice).to_contain_text("2 часа назад")
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()
    expect(frame.locator("tfoot td.sum")).to_have_text("21 503,50 ₽")
    expect(notice.locator(".doubt")).to_have_count(0)
    assert statuses(frame) == [
        "Выполнено и оплачено",
        "Выполнено и оплачено",
        "Выполнено",
        *["Не выполнено"] * 3,
    ]


def test_copy_edited_in_the_deal_is_not_shown(stand: Stand, page: Page) -> None:
    """Сотрудник правит сумму или переносит чужую копию: печать узла не сходится."""
    rich_plan(stand.world)
    own, other = stand.world.visit(), stand.world.visit()
    copied(stand, own)
    deals = stand.portal.state.entities[DEAL]
    deals[other]["UF_CRM_TREATMENT_PLANS"] = deals[own]["UF_CRM_TREATMENT_PLANS"]
    edited = str(deals[own]["UF_CRM_TREATMENT_PLANS"]).replace("Комплексная", "Бесплатная")
    deals[own]["UF_CRM_TREATMENT_PLANS"] = edited
    stand.servers.stop()
    for deal in (own, other):
        frame = stand.open(page, deal)
        expect(frame.get_by_role("alert")).to_contain_text("изменена не службой клиники и не показана")
        expect(frame.locator("table")).to_have_count(0)


def test_copy_without_a_seal_is_shown_with_a_doubt(stand: Stand, page: Page) -> None:
    rich_plan(stand.world)
    deal = stand.world.visit()
    copied(stand, deal)
    row = stand.portal.state.entities[DEAL][deal]
    row["UF_CRM_TREATMENT_PLANS"] = re.sub(r',"seal":"[^"]+"', "", str(row["UF_CRM_TREATMENT_PLANS"]))
    stand.servers.stop()
    frame = stand.open(page, deal)
    expect(frame.locator(".copy .doubt")).to_contain_text("нет печати службы")
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()


def test_long_copy_says_that_not_everything_is_shown(stand: Stand, page: Page) -> None:
    rich_plan(stand.world, lines=200)
    deal = stand.world.visit()
    copied(stand, deal)
    stand.servers.stop()
    frame = stand.open(page, deal)
    expect(frame.get_by_text("В копии показаны не все: строк не поместилось")).to_be_visible()
    shown = frame.locator("tr.line").count()
    expect(frame.get_by_text(f"строк не поместилось: {200 - shown}")).to_be_visible()


def test_service_that_is_down_without_a_copy_says_what_to_do(stand: Stand, page: Page) -> None:
    deal = stand.world.visit()
    stand.servers.stop()
    frame = stand.open(page, deal)
    expect(frame.get_by_role("alert")).to_contain_text("Служба клиники недоступна")
    expect(frame.get_by_role("button", name="Обновить")).to_be_visible()


def test_branch_that_is_late_leaves_the_saved_copy(stand: Stand, page: Page) -> None:
    rich_plan(stand.world)
    deal = stand.world.visit()
    copied(stand, deal)
    stand.asker.silent = True
    frame = stand.open(page, deal)
    expect(frame.locator(".copy")).to_contain_text("Ident не ответил вовремя")
    stand.asker.silent = False
    frame.get_by_role("button", name="Обновить").click()
    expect(frame.locator(".copy")).to_have_count(0)
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()


def test_wrong_token_is_refused_and_no_copy_is_shown_instead(
    page: Page, stand: Stand, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        other = build_stand(stack, tmp_path / "other", (OTHER_APPLICATION, CURATOR))
        rich_plan(other.world)
        deal = other.world.visit()
        copied(other, deal)
        frame = other.open(page, deal)
        expect(frame.get_by_role("alert")).to_contain_text("не от приложения «План лечения»")
        expect(frame.locator("table")).to_have_count(0)


def test_expired_token_is_renewed_without_asking(page: Page, stand: Stand, tmp_path: Path) -> None:
    with ExitStack() as stack:
        other = build_stand(stack, tmp_path / "other", (EXPIRED, CURATOR))
        rich_plan(other.world)
        frame = other.open(page, other.world.visit())
        expect(frame.get_by_role("heading", name="Комплексная санация")).to_be_visible()


def test_name_in_the_title_of_a_deal_shows_no_plan(stand: Stand, page: Page) -> None:
    """Название напишет любой сотрудник: без контакта с телефоном пациента плана нет."""
    rich_plan(stand.world)
    frame = stand.open(page, stand.world.deal_for(0, CONTACT_IDS=[]))
    expect(frame.get_by_text("План лечения не найден")).to_be_visible()
    expect(frame.get_by_role("heading", name="Комплексная санация")).to_have_count(0)


def test_long_plan_of_200_lines_is_shown_whole_and_the_frame_grows(stand: Stand, page: Page) -> None:
    rich_plan(stand.world, lines=200)
    frame = stand.open(page, stand.world.visit())
    expect(frame.locator("tr.line")).to_have_count(200)
    height = page.locator(".plan-frame").evaluate("frame => frame.clientHeight")
    content = frame.locator("#page").evaluate("page => page.getBoundingClientRect().height")
    assert height >= content > 4000


def test_hostile_text_is_only_text(stand: Stand, page: Page) -> None:
    evil = '<script>window.hit=1</script><img src=x onerror="window.hit=1">"\'&lt;🦷'
    item = stand.world.ident.insert("ServiceItems", Name=evil)
    price = stand.world.ident.insert("ServiceItemPrices", ID_ServiceItems=item, Price=100)
    stage = stand.world.ident.insert("TreatmentPlanStages", Name=f"Этап {evil}", Order=1)
    plan_id = stand.world.plan(0, Name=f"План {evil}")
    stand.world.ident.insert(
        "TreatmentPlanElementRelations",
        ID_TreatmentPlans=plan_id,
        ID_ServicePrices=price,
        ID_TreatmentPlanStages=stage,
    )
    stand.world.ident.change("Persons", 1, Surname=f"Лунёва {evil}")
    deal = stand.world.visit()
    frame = stand.open(page, deal)
    expect(frame.locator("th.service")).to_have_text(evil)
    expect(frame.locator("h2")).to_have_text(f"План {evil}")
    expect(frame.locator("tr.stage th")).to_have_text(f"Этап {evil}")
    assert frame.locator("#page").evaluate("() => window.hit") is None
    assert frame.locator("#page script, #page img").count() == 0


def test_network_trouble_of_the_portal_is_explained(stand: Stand, page: Page) -> None:
    frame = stand.open(page, 999_999)
    expect(page.get_by_text("Такой сделки нет")).to_be_visible()
    assert frame.locator("body").count() == 0


def test_application_installs_its_tab_by_the_administrator(page: Page, stand: Stand, tmp_path: Path) -> None:
    with ExitStack() as stack:
        other = build_stand(stack, tmp_path / "install", (ADMINISTRATOR,))
        for _ in range(2):
            page.goto(f"{other.portal.base_url}application")
            expect(page.get_by_text("Приложение установлено.")).to_be_visible()
        frame = page.frame_locator(".plan-frame")
        expect(frame.get_by_text("Готово: вкладка")).to_be_visible()
        (placement,) = other.portal.state.placements
        assert placement["placement"] == "CRM_DEAL_DETAIL_TAB"
        assert placement["title"] == "План лечения"
        assert placement["handler"].endswith("/app/index.html")


def test_application_is_not_installed_by_anybody_else(stand: Stand, page: Page) -> None:
    page.goto(f"{stand.portal.base_url}application")
    expect(page.frame_locator(".plan-frame").get_by_role("alert")).to_contain_text("администратор")
    assert stand.portal.state.placements == []


def test_page_outside_the_portal_says_where_to_open_it(stand: Stand, page: Page) -> None:
    page.clock.install()
    page.goto(stand.portal.options.plan_app_url or "")
    page.clock.fast_forward(20_000)
    expect(page.get_by_role("alert")).to_contain_text("Портал не отвечает")
