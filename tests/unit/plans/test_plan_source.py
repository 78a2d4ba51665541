"""Запросы о планах: выполняются на SQLite из тех же файлов T-SQL."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from services.domain.cursor import ChangePoint
from services.domain.plan_view import LAST
from services.ident.plan_source import IdentPlanSource
from tests.fakes_ident import SmallIdent
from tests.unit.plans.conftest import NOW

ALSU = "Лунёва Алсу Ильинична"
LINES = "TreatmentPlanElementRelations"


def person(ident: SmallIdent, surname: str, name: str, patronymic: str | None, card: str) -> int:
    patient_id = ident.insert("Persons", Surname=surname, Name=name, Patronymic=patronymic)
    ident.insert("Patients", ID_Persons=patient_id, CardNumber=card)
    return patient_id


def test_reception_names_its_patient_exactly(ident: SmallIdent, plans: IdentPlanSource) -> None:
    person(ident, "Лунёва", "Алсу", "Ильинична", "К-3")
    patient = plans.patient_of(ident.reception())
    assert patient is not None
    assert (patient.patient_id, patient.card_number, patient.full_name) == (1, "К-1", ALSU)


def test_unknown_reception_has_no_patient(plans: IdentPlanSource) -> None:
    assert plans.patient_of(404) is None


@pytest.mark.parametrize(
    "asked", [ALSU, "лунева алсу ильинична", "ЛУНЕВА  АЛСУ  ИЛЬИНИЧНА", " Лунёва Алсу Ильинична "]
)
@pytest.mark.parametrize("stored", ["Лунёва", "ЛУНЁВА", "лунева", " Лунева "])
def test_patient_is_found_by_name_however_written(
    ident: SmallIdent, plans: IdentPlanSource, asked: str, stored: str
) -> None:
    ident.change("Persons", 1, Surname=stored)
    assert [patient.patient_id for patient in plans.patients_named(asked)] == [1]


def test_namesakes_are_all_found(ident: SmallIdent, plans: IdentPlanSource) -> None:
    twin = person(ident, "ЛУНЕВА", "Алсу", "Ильинична", "К-3")
    person(ident, "Лунёва", "Алсу", None, "К-4")
    assert [patient.patient_id for patient in plans.patients_named(ALSU)] == [1, twin]


def test_doctor_with_the_name_is_not_a_patient(plans: IdentPlanSource) -> None:
    assert plans.patients_named("Зорин Лев Маратович") == []


@pytest.mark.parametrize("hostile", ["' OR 1=1 --", "%", "Лунёва'; DELETE FROM Persons; --", "\x00", "_" * 6])
def test_hostile_name_finds_nobody_and_breaks_nothing(plans: IdentPlanSource, hostile: str) -> None:
    assert list(plans.patients_named(hostile)) == []
    assert len(plans.patients_named(ALSU)) == 1


def test_only_active_plans_are_given_newest_first(ident: SmallIdent, plans: IdentPlanSource) -> None:
    old = ident.insert("TreatmentPlans", ID_Patients=1, Name="Старый", DateTimeCreated=datetime(2024, 1, 1))
    ident.insert("TreatmentPlans", ID_Patients=1, IsActive=0, DateTimeCreated=datetime(2024, 3, 1))
    new = ident.insert(
        "TreatmentPlans", ID_Patients=1, Name="Новый", ID_Staffs=2, DateTimeCreated=datetime(2024, 2, 1)
    )
    heads = plans.active_plans([1])[1]
    assert [head.plan_id for head in heads] == [new, old]
    assert (heads[0].doctor_name, heads[1].doctor_name) == ("Зорин Лев Маратович", "")


def test_stages_stand_in_order_and_service_without_element_is_not_lost(
    ident: SmallIdent, plans: IdentPlanSource
) -> None:
    plan_id = ident.insert("TreatmentPlans", ID_Patients=1)
    second = ident.insert("TreatmentPlanStages", Name="Лечение", Order=2)
    first = ident.insert("TreatmentPlanStages", Name="Подготовка", Order=1)
    element = ident.insert("TreatmentPlanElements", Name="Зуб 1.6")
    ident.insert(LINES, ID_TreatmentPlans=plan_id, ID_ServicePrices=2)
    ident.insert(LINES, ID_TreatmentPlans=plan_id, ID_TreatmentPlanStages=second, ID_ServicePrices=1)
    ident.insert(
        LINES,
        ID_TreatmentPlans=plan_id,
        ID_TreatmentPlanStages=first,
        ID_TreatmentPlanElements=element,
        ID_ServicePrices=2,
    )
    rows = plans.plan_rows([plan_id])
    assert [(row.item.stage_order, row.item.stage, row.element, row.service) for row in rows] == [
        (1, "Подготовка", "Зуб 1.6", "Консультация"),
        (2, "Лечение", "", "Лечение кариеса"),
        (LAST, "", "", "Консультация"),
    ]


def test_price_is_the_one_valid_when_it_was_fixed(ident: SmallIdent, plans: IdentPlanSource) -> None:
    march, june = datetime(2024, 3, 1), datetime(2024, 6, 1)
    ident.change("ServiceItemPrices", 1, DateTimeTo=march)
    ident.insert("ServiceItemPrices", ID_ServiceItems=1, Price=6000, DateTimeFrom=march, DateTimeTo=june)
    ident.insert("ServiceItemPrices", ID_ServiceItems=1, Price=7000, DateTimeFrom=june)
    fixed = {"january": datetime(2024, 1, 5), "april": datetime(2024, 4, 1), "on_day": june, "never": None}
    ids = {
        name: ident.insert("TreatmentPlans", ID_Patients=1, DateTimePriceFix=day)
        for name, day in fixed.items()
    }
    for plan_id in ids.values():
        ident.insert(LINES, ID_TreatmentPlans=plan_id, ID_ServicePrices=1)
    prices = {row.plan_id: row.item.price for row in plans.plan_rows(list(ids.values()))}
    assert {name: prices[plan_id] for name, plan_id in ids.items()} == {
        "january": 5000,
        "april": 6000,
        "on_day": 7000,
        "never": 7000,
    }


def test_price_named_by_the_line_wins_while_it_was_valid(ident: SmallIdent, plans: IdentPlanSource) -> None:
    """Постановление 31: новее — не значит названная врачом."""
    named = ident.insert(
        "ServiceItemPrices", ID_ServiceItems=1, Price=4500, DateTimeFrom=datetime(2024, 1, 1)
    )
    ident.insert("ServiceItemPrices", ID_ServiceItems=1, Price=6000, DateTimeFrom=datetime(2024, 3, 1))
    plan_id = ident.insert("TreatmentPlans", ID_Patients=1, DateTimePriceFix=datetime(2024, 4, 1))
    ident.insert(LINES, ID_TreatmentPlans=plan_id, ID_ServicePrices=named)
    assert plans.plan_rows([plan_id])[0].item.price == 4500


def test_price_of_another_price_group_is_not_taken(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.insert(
        "ServiceItemPrices",
        ID_ServiceItems=1,
        ID_ServicePriceGroups=9,
        Price=1,
        DateTimeFrom=datetime(2024, 1, 1),
    )
    plan_id, _ = ident.plan(1)
    assert plans.plan_rows([plan_id])[0].item.price == 5000


def test_line_without_price_is_shown_with_zero(ident: SmallIdent, plans: IdentPlanSource) -> None:
    plan_id = ident.insert("TreatmentPlans", ID_Patients=1)
    ident.insert(LINES, ID_TreatmentPlans=plan_id)
    (row,) = plans.plan_rows([plan_id])
    assert (row.service, row.item.total) == ("", Decimal(0))


@pytest.mark.parametrize(("bits", "teeth"), [(None, 1), (0, 1), (0b1, 1), (0b1110000, 3), (-1, 64)])
def test_teeth_are_counted_by_bits(
    ident: SmallIdent, plans: IdentPlanSource, bits: int | None, teeth: int
) -> None:
    plan_id = ident.insert("TreatmentPlans", ID_Patients=1)
    ident.insert(LINES, ID_TreatmentPlans=plan_id, ID_ServicePrices=1, TeethLong=bits, DiscountSum=100)
    (row,) = plans.plan_rows([plan_id])
    assert row.item.total == 5000 * teeth - 100


@pytest.mark.parametrize(
    ("ordered", "billed", "returned", "state"),
    [
        (False, False, False, (False, False)),
        (True, False, False, (True, False)),
        (True, True, False, (True, True)),
        (True, True, True, (False, False)),
    ],
)
def test_line_is_done_by_order_and_paid_by_bill(
    ident: SmallIdent,
    plans: IdentPlanSource,
    ordered: bool,
    billed: bool,
    returned: bool,
    state: tuple[bool, bool],
) -> None:
    plan_id, (line_id,) = ident.plan(1)
    order_id = ident.order(ident.reception(), DateTimeBillFormed=datetime(2024, 12, 1) if billed else None)
    link = line_id if ordered else None
    ident.line(order_id, ID_TreatmentPlanElementRelations=link, ID_Returns=1 if returned else None)
    (row,) = plans.plan_rows([plan_id])
    assert (row.done, row.paid) == state


def test_nothing_is_asked_about_no_plans(plans: IdentPlanSource) -> None:
    assert plans.plan_rows([]) == ()


def plan_at(ident: SmallIdent, patient_id: int, at: datetime, **values: object) -> int:
    """Заводит план с отметкой времени."""
    return ident.insert("TreatmentPlans", ID_Patients=patient_id, DateTimeAdded=at, **values)


def changed(plans: IdentPlanSource, since: datetime) -> list[tuple[datetime, int]]:
    """Возвращает изменения после точки."""
    return [(point.at, point.reception_id) for point in plans.changed_after(ChangePoint(since, 0)).points]


@pytest.mark.parametrize(
    "change",
    [
        lambda ident, plan, line, at: ident.change("TreatmentPlans", plan, DateTimeChanged=at),
        lambda ident, plan, line, at: ident.change("TreatmentPlanElementRelations", line, DateTimeChanged=at),
        lambda ident, plan, line, at: ident.line(
            ident.order(ident.reception()), ID_TreatmentPlans=plan, DateTimeAdded=at
        ),
        lambda ident, plan, line, at: ident.line(
            ident.order(ident.reception(), DateTimeBillFormed=at), ID_TreatmentPlans=plan
        ),
    ],
    ids=["plan", "line", "fulfilled", "billed"],
)
def test_every_kind_of_change_of_a_plan_is_seen(
    ident: SmallIdent, plans: IdentPlanSource, change: Callable[[SmallIdent, int, int, datetime], object]
) -> None:
    plan_id, (line_id,) = ident.plan(1)
    assert changed(plans, NOW) == []
    change(ident, plan_id, line_id, NOW + timedelta(minutes=5))
    assert changed(plans, NOW) == [(NOW + timedelta(minutes=5), 1)]


def test_changes_come_in_order_by_pages(ident: SmallIdent, plans: IdentPlanSource) -> None:
    for number in range(60):
        plan_at(ident, 1000 + number, NOW + timedelta(seconds=number // 2))
    page = plans.changed_after(ChangePoint(NOW - timedelta(days=1), 0))
    assert len(page.points) == 50
    rest = plans.changed_after(page.points[-1])
    assert [point.reception_id for point in rest.points] == list(range(1050, 1060))


def test_patients_with_active_plans_and_visits_are_listed(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    ident.plan(1, patient_id=50)
    ident.plan(1, active=False, patient_id=60)
    ident.reception()
    ident.reception(ID_Patients=60)
    ident.reception(ID_Patients=50, PlanStart=NOW - timedelta(days=90))
    window = NOW - timedelta(days=7), NOW + timedelta(days=90)
    assert plans.planned_between(*window, 0) == [1]
    assert plans.planned_between(*window, 1) == []


def test_patients_are_read_by_numbers(ident: SmallIdent, plans: IdentPlanSource) -> None:
    (found,) = plans.patients([1, 404])
    assert (found.patient_id, found.card_number) == (1, "К-1")
