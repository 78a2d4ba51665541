"""Договор Crm: подделка сценариев и BitrixCrm на эмуляторе ведут себя одинаково (МАП 2.3)."""

from collections.abc import Callable, Iterator

import pytest

from services.domain.crm import NewContact
from services.domain.errors import GripLost, SkippableError, Vanished
from services.domain.names import PersonName
from services.domain.outbox import Claim, Permit
from services.domain.phones import Phone
from tests.support.crm_world import EmulatedPortal, FakePortal

PHONE, OTHER = Phone("+79031112233"), Phone("+79034445566")
STAGE = {"CATEGORY_ID": 1, "STAGE_ID": "C1:CONSULT_SCHED"}
ALSU = PersonName.of("Лунёва", "Алсу", "Рашидовна")

World = FakePortal | EmulatedPortal


@pytest.fixture(params=["подделка", "эмулятор"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Пустой портал."""
    world: World = (
        FakePortal() if request.param == "подделка" else EmulatedPortal(request.getfixturevalue("portal"))
    )
    yield world
    world.close()


def reason(error: pytest.ExceptionInfo[SkippableError]) -> str:
    """Возвращает код причины."""
    return error.value.reason


# --- Сделки по ключу -----------------------------------------------------------------------------


def test_empty_portal_has_nothing(world: World) -> None:
    found = world.crm.find(["F1_1"], PHONE)
    assert (list(found.deals), list(found.contacts), list(found.leads)) == ([], [], [])


def test_deal_is_found_by_any_of_its_possible_keys(world: World) -> None:
    deal_id = world.add_deal("F2_1", **STAGE)
    (deal,) = world.crm.find(["F1_1", "F2_1"], None).deals
    assert (deal.deal_id, deal.uid, deal.stage_id, deal.category_id) == (
        deal_id,
        "F2_1",
        "C1:CONSULT_SCHED",
        1,
    )


def test_deals_of_other_receptions_are_not_found(world: World) -> None:
    world.add_deal("F1_11")
    world.add_deal("F1_2")
    (deal,) = world.crm.find(["F1_2"], None).deals
    assert deal.uid == "F1_2"


def test_doubles_are_all_shown(world: World) -> None:
    numbers = [world.add_deal("F1_1") for _ in range(2)]
    assert [deal.deal_id for deal in world.crm.find(["F1_1"], None).deals] == numbers


def test_deal_tells_its_contact_and_its_lead(world: World) -> None:
    contact_id, lead_id = world.add_contact("Лунёва", "Алсу"), world.add_lead()
    deal_id = world.add_deal("F1_1", contact_id)
    world.crm.convert_lead(lead_id, deal_id)
    (deal,) = world.crm.find(["F1_1"], None).deals
    assert (deal.contact_id, deal.lead_id) == (contact_id, lead_id)


def test_deal_tells_who_created_it(world: World) -> None:
    """Создателя сделки портал правкой не меняет: это доказательство, а поля — нет."""
    world.add_deal("F1_1", created_by=77)
    (deal,) = world.crm.find(["F1_1"], None).deals
    assert deal.created_by == 77


def test_deals_are_read_by_number_whatever_their_key(world: World) -> None:
    """Постановление 35: ключ стёрли, узел помнит номер."""
    kept, cleared = world.add_deal("F1_1"), world.add_deal("")
    found = {deal.deal_id: deal.uid for deal in world.crm.numbered([kept, cleared, 999])}
    assert found == {kept: "F1_1", cleared: ""}
    assert list(world.crm.numbered([])) == []


def test_deal_without_a_contact_or_a_lead_says_so(world: World) -> None:
    world.add_deal("F1_1")
    (deal,) = world.crm.find(["F1_1"], None).deals
    assert (deal.contact_id, deal.lead_id) == (None, None)
    assert deal.created_at is not None
    assert deal.created_at.tzinfo is not None


def test_named_fields_of_deals_are_read(world: World) -> None:
    first, second = world.add_deal("F1_1", COMMENTS="первая"), world.add_deal("F1_2")
    found = world.crm.read_deals([first, second, 999], ["COMMENTS", "UF_CRM_RECEPTION_ID"])
    assert {number: dict(fields) for number, fields in found.items()} == {
        first: {"COMMENTS": "первая", "UF_CRM_RECEPTION_ID": "F1_1"},
        second: {"COMMENTS": None, "UF_CRM_RECEPTION_ID": "F1_2"},
    }


def test_reading_no_deals_returns_nothing(world: World) -> None:
    assert world.crm.read_deals([], ["COMMENTS"]) == {}


def test_key_in_other_letters_is_the_same_key(world: World) -> None:
    deal_id = world.add_deal("f1_1")
    assert [deal.deal_id for deal in world.crm.find(["F1_1"], None).deals] == [deal_id]


# --- Люди по телефону ----------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["+79031112233", "8 (903) 111-22-33", "79031112233", "9031112233"])
def test_contact_is_found_however_its_phone_is_written(world: World, written: str) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", OTHER.value, written)
    (contact,) = world.crm.find(["F1_1"], PHONE).contacts
    assert (contact.contact_id, contact.name.surname) == (contact_id, "Лунёва")


def test_several_contacts_of_one_phone_are_all_shown(world: World) -> None:
    numbers = [world.add_contact("Лунёва", name, PHONE.value) for name in ("Алсу", "Нина")]
    assert sorted(contact.contact_id for contact in world.crm.find(["F1_1"], PHONE).contacts) == numbers


def test_people_are_not_searched_without_a_phone(world: World) -> None:
    world.add_contact("Лунёва", "Алсу", PHONE.value)
    world.add_lead(PHONE.value)
    found = world.crm.find(["F1_1"], None)
    assert (list(found.contacts), list(found.leads)) == ([], [])


def test_contact_with_another_phone_is_not_found(world: World) -> None:
    world.add_contact("Лунёва", "Алсу", OTHER.value)
    assert list(world.crm.find(["F1_1"], PHONE).contacts) == []


def test_contact_created_by_us_is_found_by_its_number_too(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    (contact,) = world.crm.find(["F1_1"], PHONE, known_contact=contact_id).contacts
    assert contact.contact_id == contact_id


def test_known_contact_that_changed_its_phone_is_not_taken(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", OTHER.value)
    assert list(world.crm.find(["F1_1"], PHONE, known_contact=contact_id).contacts) == []


def test_known_contact_deleted_by_hand_is_no_obstacle(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    world.remove_contact(contact_id)
    assert list(world.crm.find(["F1_1"], PHONE, known_contact=contact_id).contacts) == []


def test_contact_closed_for_reading_is_no_reason_to_make_a_second_one(world: World) -> None:
    world.hide_contact(world.add_contact("Лунёва", "Алсу", PHONE.value))
    with pytest.raises(SkippableError) as caught:
        world.crm.find(["F1_1"], PHONE)
    assert reason(caught) == "contact_unreadable"


def test_readable_contact_beside_a_closed_one_is_enough(world: World) -> None:
    world.hide_contact(world.add_contact("Лунёва", "Алсу", PHONE.value))
    readable = world.add_contact("Лунёва", "Нина", PHONE.value)
    (contact,) = world.crm.find(["F1_1"], PHONE).contacts
    assert contact.contact_id == readable


@pytest.mark.parametrize(
    ("status", "is_open"), [("NEW", True), ("IN_PROCESS", True), ("CONVERTED", False), ("JUNK", False)]
)
def test_lead_tells_whether_it_still_waits(world: World, status: str, is_open: bool) -> None:
    lead_id = world.add_lead(PHONE.value, status=status)
    (lead,) = world.crm.find(["F1_1"], PHONE).leads
    assert (lead.lead_id, lead.is_open, lead.contact_id) == (lead_id, is_open, None)
    assert lead.created_at is not None


def test_lead_tells_its_contact(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу")
    world.add_lead(PHONE.value, contact_id=contact_id)
    (lead,) = world.crm.find(["F1_1"], PHONE).leads
    assert lead.contact_id == contact_id


def test_lead_hands_over_its_data_but_not_the_phone_already_known(world: World) -> None:
    email = [{"VALUE": "alsu@example.test", "VALUE_TYPE": "WORK"}]
    world.add_lead("8 903 111-22-33", OTHER.value, SOURCE_ID="WEB", COMMENTS="с сайта", EMAIL=email)
    (lead,) = world.crm.find(["F1_1"], PHONE).leads
    handed = {"SOURCE_ID": "WEB", "COMMENTS": "с сайта", "EMAIL": email}
    handed["PHONE"] = [{"VALUE": OTHER.value, "VALUE_TYPE": "MOBILE"}]
    # Портал добавит ещё ответственного: он есть у каждого лида.
    assert {name: lead.inherited[name] for name in handed} == handed


@pytest.mark.parametrize("junk", [20, 60])
def test_many_closed_leads_of_one_phone_do_not_hide_the_open_one(world: World, junk: int) -> None:
    for _ in range(junk):
        world.add_lead(PHONE.value, status="JUNK")
    waiting = world.add_lead(PHONE.value)
    found = world.crm.find(["F1_1"], PHONE)
    assert [lead.lead_id for lead in found.leads if lead.is_open] == [waiting]


@pytest.mark.parametrize("strangers", [25, 70])
def test_right_contact_is_found_however_many_share_its_phone(world: World, strangers: int) -> None:
    for _ in range(strangers):
        world.add_contact("Чужая", "Анна", PHONE.value)
    own = world.add_contact("Лунёва", "Алсу", PHONE.value)
    found = {contact.contact_id: contact.name.surname for contact in world.crm.find(["F1_1"], PHONE).contacts}
    assert (len(found), found[own]) == (strangers + 1, "Лунёва")


# --- Создание ------------------------------------------------------------------------------------


def test_new_contact_has_its_name_phone_and_the_data_of_the_lead(world: World) -> None:
    inherited = {
        "SOURCE_ID": "WEB",
        "EMAIL": [{"VALUE": "alsu@example.test", "VALUE_TYPE": "WORK"}],
        "PHONE": [{"VALUE": OTHER.value, "VALUE_TYPE": "WORK"}],
    }
    contact = world.contact(world.crm.create_contact(NewContact(ALSU, PHONE, inherited)))
    assert (contact["LAST_NAME"], contact["NAME"], contact["SECOND_NAME"]) == ("Лунёва", "Алсу", "Рашидовна")
    assert (contact["PHONE"], contact["EMAIL"]) == ([PHONE.value, OTHER.value], ["alsu@example.test"])
    assert contact["SOURCE_ID"] == "WEB"


def test_new_contact_is_found_at_once(world: World) -> None:
    contact_id = world.crm.create_contact(NewContact(ALSU, PHONE))
    (contact,) = world.crm.find(["F1_1"], PHONE).contacts
    assert (contact.contact_id, contact.name) == (contact_id, ALSU)


def test_new_deal_has_its_fields_and_its_contact(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу")
    fields = {"TITLE": "Лунёва Алсу", "UF_CRM_RECEPTION_ID": "F1_1", "OPPORTUNITY": 6000.5, **STAGE}
    deal = world.deal(world.crm.create_deal(fields, contact_id))
    assert {name: deal[name] for name in fields} == fields
    assert deal["CONTACT_ID"] == contact_id


# --- Обновление ----------------------------------------------------------------------------------


def test_update_changes_only_what_it_names(world: World) -> None:
    deal_id = world.add_deal("F1_1", COMMENTS="прежний", UF_CRM_STATUS="Запланирован")
    world.crm.update_deal(deal_id, {"UF_CRM_STATUS": "Завершен"})
    deal = world.deal(deal_id)
    assert (deal["COMMENTS"], deal["UF_CRM_STATUS"]) == ("прежний", "Завершен")


def test_update_of_nothing_does_nothing(world: World) -> None:
    world.crm.update_deal(999, {})


def test_update_of_a_vanished_deal_says_so(world: World) -> None:
    with pytest.raises(Vanished):
        world.crm.update_deal(999, {"TITLE": "x"})


def test_deal_of_a_vanished_contact_is_made_but_not_passed_over_in_silence(world: World) -> None:
    with pytest.raises(Vanished):
        world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_1", **STAGE}, 999)
    (deal,) = world.crm.find(["F1_1"], None).deals
    assert deal.contact_id is None


def test_vanished_contact_is_not_bound(world: World) -> None:
    deal_id = world.add_deal("F1_1")
    with pytest.raises(Vanished):
        world.crm.bind_contact(deal_id, 999)
    (deal,) = world.crm.find(["F1_1"], None).deals
    assert deal.contact_id is None


def test_contact_is_bound_to_a_deal_without_one_and_again_without_harm(world: World) -> None:
    contact_id, deal_id = world.add_contact("Лунёва", "Алсу"), world.add_deal("F1_1")
    for _ in range(2):
        world.crm.bind_contact(deal_id, contact_id)
    assert world.deal(deal_id)["CONTACT_ID"] == contact_id


# --- Сторож записей ------------------------------------------------------------------------------


OURS, LOST = (Permit(Claim(uid, 1, 0, uid)) for uid in ("наша", "чужая"))


def test_writes_leave_while_the_record_is_ours(world: World) -> None:
    contact_id = world.crm.create_contact(NewContact(ALSU, PHONE), permit=OURS)
    deal_id = world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_1", **STAGE}, contact_id, permit=OURS)
    world.crm.update_deal(deal_id, {"COMMENTS": "новый"}, permit=OURS)
    assert (world.deal(deal_id)["COMMENTS"], world.deal(deal_id)["CONTACT_ID"]) == ("новый", contact_id)


def test_writes_do_not_leave_when_the_record_is_lost(world: World) -> None:
    lead_id, contact_id = world.add_lead(PHONE.value), world.add_contact("Лунёва", "Алсу")
    deal_id = world.add_deal("F1_1", COMMENTS="прежний")
    world.permits.lost.add(LOST)
    assert [
        refused(lambda: world.crm.create_contact(NewContact(ALSU, OTHER), permit=LOST)),
        refused(lambda: world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_2"}, contact_id, permit=LOST)),
        refused(lambda: world.crm.update_deal(deal_id, {"COMMENTS": "новый"}, permit=LOST)),
        refused(lambda: world.crm.bind_contact(deal_id, contact_id, permit=LOST)),
        refused(lambda: world.crm.convert_lead(lead_id, deal_id, permit=LOST)),
    ] == [True] * 5
    found = world.crm.find(["F1_1", "F1_2"], PHONE)
    assert [(deal.uid, deal.contact_id, deal.lead_id) for deal in found.deals] == [("F1_1", None, None)]
    assert (world.deal(deal_id)["COMMENTS"], found.leads[0].is_open) == ("прежний", True)


def refused(write: Callable[[], object]) -> bool:
    """Отвечает, не пустил ли сторож запись."""
    with pytest.raises(GripLost):
        write()
    return True


# --- Перевод лида --------------------------------------------------------------------------------


def test_converted_lead_belongs_to_its_deal_and_waits_no_more(world: World) -> None:
    lead_id, deal_id = world.add_lead(PHONE.value), world.add_deal("F1_1")
    for _ in range(2):
        world.crm.convert_lead(lead_id, deal_id)
    (lead,) = world.crm.find(["F1_1"], PHONE).leads
    assert (world.deal(deal_id)["LEAD_ID"], lead.is_open) == (lead_id, False)


def test_vanished_lead_is_a_reason_to_look_again(world: World) -> None:
    deal_id = world.add_deal("F1_1")
    with pytest.raises(Vanished):
        world.crm.convert_lead(999, deal_id)


def test_lead_of_a_vanished_deal_stays_open(world: World) -> None:
    lead_id = world.add_lead(PHONE.value)
    with pytest.raises(Vanished):
        world.crm.convert_lead(lead_id, 999)
    (lead,) = world.crm.find(["F1_1"], PHONE).leads
    assert lead.is_open
