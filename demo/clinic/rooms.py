"""Обстановка одной базы: заводит справочники и помнит их номера."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from demo.clinic import catalog
from demo.clinic.clinic import Ledger, Place
from demo.clinic.desk import Desk
from demo.clinic.people import invent

PRICE_LIST_AGE = timedelta(days=200)
OLD_DISCOUNT = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Rooms:
    """Номера справочников: кресла и врачи по филиалам, цены по услугам."""

    companies: Mapping[int, int]
    stranger: int
    armchairs: Mapping[int, Sequence[int]]
    bare_armchair: int
    staff: Mapping[int, Sequence[int]]
    bare_staff: int
    prices: Mapping[str, int]
    reasons: Sequence[int]
    sources: Sequence[int]
    stages: Sequence[int]
    elements: Sequence[int]


def furnish(desk: Desk, ledger: Ledger, rng: Random) -> None:
    """Заводит справочники базы: организации, кресла, персонал, прейскурант."""
    for name in catalog.CANCEL_REASONS:
        desk.insert("ReceptionCancelReasons", Name=name)
    for name in catalog.SOURCES:
        desk.insert("AppointmentSources", Name=name)
    for name, role in catalog.PROFESSIONS:
        desk.insert("ProfessionNames", NameProfession=name, ID_Roles=role)
    for order, name in enumerate(catalog.PLAN_STAGES, start=1):
        desk.insert("TreatmentPlanStages", Name=name, Order=order)
    for name in catalog.PLAN_ELEMENTS:
        desk.insert("TreatmentPlanElements", Name=name)
    _print_prices(desk)
    for place in ledger.places:
        _furnish_place(desk, place, rng)
    desk.insert("OwnCompanies", Name=catalog.STRANGER)
    desk.insert("Armchairs", NameArmchair="Рентген", ID_OwnCompanies=None)
    desk.hire(invent(rng), ())


def _print_prices(desk: Desk) -> None:
    """Печатает прейскурант: у каждой услуги есть и старая цена, уже не действующая."""
    changed = desk.now - PRICE_LIST_AGE
    for service in catalog.SERVICES:
        item_id = desk.insert("ServiceItems", Name=service.name)
        old = service.price * OLD_DISCOUNT
        desk.insert(
            "ServiceItemPrices",
            ID_ServiceItems=item_id,
            Price=old,
            DateTimeFrom=changed - PRICE_LIST_AGE,
            DateTimeTo=changed,
        )
        desk.insert("ServiceItemPrices", ID_ServiceItems=item_id, Price=service.price, DateTimeFrom=changed)


def _furnish_place(desk: Desk, place: Place, rng: Random) -> None:
    company_id = desk.insert("OwnCompanies", Name=place.name, BranchName=place.name.removeprefix("Филиал "))
    for number in range(1, len(catalog.STAFF) + 1):
        desk.insert("Armchairs", NameArmchair=f"Кабинет {number}", ID_OwnCompanies=company_id)
    for profession_ids in catalog.STAFF:
        desk.hire(invent(rng), profession_ids)


def rooms_of(desk: Desk, ledger: Ledger) -> Rooms:
    """Читает номера справочников из базы."""
    staff = desk.ids("SELECT ID_Persons FROM Staffs ORDER BY ID_Persons")
    size = len(catalog.STAFF)
    return Rooms(
        companies={place.number: _company(desk, place.name) for place in ledger.places},
        stranger=_company(desk, catalog.STRANGER),
        armchairs={place.number: _armchairs(desk, place) for place in ledger.places},
        bare_armchair=desk.ids("SELECT ID FROM Armchairs WHERE ID_OwnCompanies IS NULL")[0],
        staff={
            place.number: staff[index * size : (index + 1) * size]
            for index, place in enumerate(ledger.places)
        },
        bare_staff=staff[-1],
        prices=_prices(desk),
        reasons=desk.ids("SELECT ID FROM ReceptionCancelReasons ORDER BY ID"),
        sources=desk.ids("SELECT ID FROM AppointmentSources ORDER BY ID"),
        stages=desk.ids("SELECT ID FROM TreatmentPlanStages ORDER BY ID"),
        elements=desk.ids("SELECT ID FROM TreatmentPlanElements ORDER BY ID"),
    )


def _company(desk: Desk, name: str) -> int:
    return desk.ids("SELECT ID FROM OwnCompanies WHERE Name = ?", name)[0]


def _armchairs(desk: Desk, place: Place) -> Sequence[int]:
    sql = (
        "SELECT a.ID FROM Armchairs a JOIN OwnCompanies c ON c.ID = a.ID_OwnCompanies "
        "WHERE c.Name = ? ORDER BY a.ID"
    )
    return desk.ids(sql, place.name)


def _prices(desk: Desk) -> Mapping[str, int]:
    sql = (
        "SELECT i.Name AS name, p.ID AS id FROM ServiceItemPrices p "
        "JOIN ServiceItems i ON i.ID = p.ID_ServiceItems WHERE p.DateTimeTo IS NULL"
    )
    return {row["name"]: row["id"] for row in desk.ask(sql)}
