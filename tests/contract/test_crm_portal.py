"""То, чего подделка не знает: ответы самого портала в BitrixCrm и цена его вызовов."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.portal.faults import Fault, FaultKind
from demo.portal.funnel import build_demo_portal
from demo.portal.server import PortalServer
from services.bitrix.responses import (
    AnswerLost,
    ItemAccessDenied,
    number_of,
)
from services.domain.crm import Found, NewContact
from services.domain.errors import FatalError, SkippableError, SyncError
from services.domain.names import PersonName
from services.domain.phones import Phone
from tests.contract.conftest import GENEROUS
from tests.fakes_bitrix import PATIENCE
from tests.support.crm_world import EmulatedPortal
from tests.support.node import eventually

PHONE = Phone("+79031112233")
ALSU = PersonName.of("Лунёва", "Алсу", "")


@pytest.fixture
def world(portal: PortalServer) -> Iterator[EmulatedPortal]:
    """Портал с обычными настройками."""
    world = EmulatedPortal(portal)
    yield world
    world.close()


@pytest.fixture
def configured(portal: PortalServer) -> Iterator[EmulatedPortal]:
    """Портал с ответственным и источником из настроек."""
    world = EmulatedPortal(portal, assigned_by_id=5, contact_source_id="CALL")
    yield world
    world.close()


def test_missing_key_field_stops_everything_before_a_deal_is_made(world: EmulatedPortal) -> None:
    world.add_deal("F1_1")
    world.portal.state.userfields[:] = []
    with pytest.raises(FatalError, match="portal setup") as caught:
        world.crm.find(["F1_2"], None)
    assert caught.value.reason == "key_field_missing"


def test_search_by_key_and_phone_is_one_request(world: EmulatedPortal) -> None:
    world.crm.find(["F1_1"], PHONE)
    assert [len(record.commands) for record in world.portal.stats.records] == [3]


def test_found_people_are_read_by_one_more_request(world: EmulatedPortal) -> None:
    world.add_contact("Лунёва", "Алсу", PHONE.value)
    world.add_lead(PHONE.value)
    world.crm.find(["F1_1"], PHONE)
    assert [len(record.commands) for record in world.portal.stats.records] == [3, 2]


def test_update_of_nothing_sends_nothing(world: EmulatedPortal) -> None:
    world.crm.update_deal(1, {})
    assert world.portal.stats.requests == 0


def test_responsible_and_source_come_from_the_settings(configured: EmulatedPortal) -> None:
    contact_id = configured.crm.create_contact(NewContact(ALSU, PHONE))
    deal = configured.deal(configured.crm.create_deal({"TITLE": "x"}, contact_id))
    contact = configured.contact(contact_id)
    assert (contact["ASSIGNED_BY_ID"], contact["SOURCE_ID"], deal["ASSIGNED_BY_ID"]) == (5, "CALL", 5)


def test_data_of_the_lead_are_stronger_than_the_settings(configured: EmulatedPortal) -> None:
    contact_id = configured.crm.create_contact(NewContact(ALSU, PHONE, {"SOURCE_ID": "WEB"}))
    assert configured.contact(contact_id)["SOURCE_ID"] == "WEB"


def test_leads_with_the_number_of_the_clinic_do_not_hide_the_contact(world: EmulatedPortal) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    for _ in range(25):
        world.add_lead(PHONE.value, status="JUNK")
    (contact,) = world.crm.find(["F1_1"], PHONE).contacts
    assert contact.contact_id == contact_id


def test_refused_fields_are_the_trouble_of_one_record(world: EmulatedPortal) -> None:
    with pytest.raises(SkippableError):
        world.crm.create_contact(NewContact(ALSU, PHONE, {"EMAIL": [{"VALUE": "не почта"}]}))


@pytest.mark.parametrize("method", ["crm.contact.add", "crm.deal.add"])
def test_lost_answer_to_a_creation_is_not_repeated(world: EmulatedPortal, method: str) -> None:
    world.portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER, methods=(method,), times=None))
    with pytest.raises(AnswerLost):
        world.crm.create_deal({"TITLE": "x"}, world.crm.create_contact(NewContact(ALSU, PHONE)))
    assert world.portal.stats.count(method) == 1


def test_lost_answer_to_an_update_is_left_to_the_queue(world: EmulatedPortal) -> None:
    # Повтор тут же мог бы встать поверх более новой записи: прежний запрос портал ещё выполняет.
    deal_id = world.add_deal("F1_1")
    world.portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER, methods=("crm.deal.update",)))
    with pytest.raises(AnswerLost):
        world.crm.update_deal(deal_id, {"COMMENTS": "новый"})
    assert world.portal.stats.count("crm.deal.update") == 1


def test_failed_link_of_a_lead_does_not_convert_it(world: EmulatedPortal) -> None:
    lead_id, deal_id = world.add_lead(PHONE.value), world.add_deal("F1_1")
    world.portal.portal.faults.add(Fault(FaultKind.COMMAND_ERROR, methods=("crm.item.update",)))
    with pytest.raises(SkippableError):
        world.crm.convert_lead(lead_id, deal_id)
    assert world.portal.state.entities[1][lead_id]["STATUS_ID"] == "NEW"


def test_contact_deleted_between_search_and_reading_is_no_obstacle(world: EmulatedPortal) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    find = Fault(FaultKind.RESULT, ("crm.duplicate.findbycomm",), times=2, value={"CONTACT": [contact_id]})
    world.portal.portal.faults.add(find)
    world.remove_contact(contact_id)
    assert list(world.crm.find(["F1_1"], PHONE).contacts) == []


def test_creation_of_a_deal_is_checked_by_the_same_request(world: EmulatedPortal) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_1"}, contact_id)
    assert [record.commands for record in world.portal.stats.records] == [("crm.deal.add", "crm.deal.list")]


def test_unreadable_check_of_a_creation_does_not_spoil_it(world: EmulatedPortal) -> None:
    world.portal.portal.faults.add(Fault(FaultKind.RESULT, ("crm.deal.list",), value=None))
    contact_id = world.add_contact("Лунёва", "Алсу", PHONE.value)
    deal_id = world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_1"}, contact_id)
    assert world.deal(deal_id)["CONTACT_ID"] == contact_id


# --- Поиски людей одной командой -----------------------------------------------------------------

PHONES = [Phone(f"+7903111223{number}") for number in range(6)]


def together(world: EmulatedPortal, phones: list[Phone]) -> list[Found | SyncError]:
    """Ищет людей сразу по многим телефонам: поиски уходят одним запросом; отказы — значениями."""

    def find(number: int) -> Found | SyncError:
        try:
            return world.crm.find([f"F1_{number}"], phones[number])
        except SyncError as error:
            return error

    world.limiter.hold()
    with ThreadPoolExecutor(len(phones)) as pool:
        found = [pool.submit(find, number) for number in range(len(phones))]
        eventually(lambda: world.client.waiting >= len(phones), PATIENCE)
        world.limiter.release()
        return [future.result(PATIENCE) for future in found]


def contacts_of(found: Found | SyncError) -> list[int]:
    """Возвращает номера найденных контактов."""
    assert isinstance(found, Found)
    return [contact.contact_id for contact in found.contacts]


def test_people_of_many_phones_are_asked_at_once_and_go_to_their_owners(world: EmulatedPortal) -> None:
    own = [world.add_contact("Лунёва", "Алсу", phone.value) for phone in PHONES]
    assert [contacts_of(found) for found in together(world, PHONES)] == [[number] for number in own]
    # По пять телефонов в команде: сделки одной, контакты и лиды — двумя каждые.
    assert len(world.portal.stats.records[0].commands) == 5


def test_unreadable_contact_of_one_phone_is_no_trouble_of_its_neighbours(world: EmulatedPortal) -> None:
    world.hide_contact(world.add_contact("Лунёва", "Алсу", PHONES[0].value))
    own = world.add_contact("Лунёва", "Алсу", PHONES[1].value)
    first, second, *others = together(world, PHONES)
    assert isinstance(first, ItemAccessDenied)
    assert contacts_of(second) == [own]
    assert [contacts_of(found) for found in others] == [[]] * 4


def test_crowded_phone_does_not_hide_the_people_of_its_neighbours(world: EmulatedPortal) -> None:
    crowd = [world.add_contact("Чужая", "Анна", PHONES[0].value) for _ in range(30)]
    own = [world.add_contact("Лунёва", "Алсу", phone.value) for phone in PHONES[1:]]
    assert [contacts_of(found) for found in together(world, PHONES)] == [crowd, *([number] for number in own)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["контакт", "лид", "закрытый"]), st.integers(0, 5), st.booleans()),
        max_size=45,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merged_search_finds_what_separate_ones_find(
    world: EmulatedPortal, people: list[tuple[str, int, bool]]
) -> None:
    world.portal.state.load(build_demo_portal(GENEROUS).to_json())
    for kind, number, is_old_form in people:
        written = f"8{PHONES[number].digits[1:]}" if is_old_form else PHONES[number].value
        if kind == "лид":
            world.add_lead(written)
        else:
            contact_id = world.add_contact("Лунёва", "Алсу", written)
            if kind == "закрытый":
                world.hide_contact(contact_id)
    merged = together(world, PHONES)
    apart = [together(world, [phone])[0] for phone in PHONES]
    assert list(map(str, merged)) == list(map(str, apart))


# --- Что бы портал ни ответил ---------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ID", "CONTACT", "LEAD", "0", "PHONE", "error"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
METHODS = ["crm.deal.list", "crm.duplicate.findbycomm", "crm.contact.add", "crm.deal.add", "crm.contact.list"]


def is_lie(answer: tuple[str, object]) -> bool:
    """Отвечает, неотличим ли ответ от честного «никого нет»: такой лжи не заметит никто."""
    method, value = answer
    if method == "crm.duplicate.findbycomm":
        found = value.get("CONTACT", []) if isinstance(value, dict) else value
        return isinstance(found, (list, dict)) and all(
            number_of(item) for item in (found.values() if isinstance(found, dict) else found)
        )
    return method == "crm.deal.list" and value in ([], {})


def bring(world: EmulatedPortal) -> bool:
    """Доводит приём до сделки, как доставка: посмотреть, создать недостающее; False — посмотреть снова."""
    try:
        found = world.crm.find(["F1_1"], PHONE)
        if not found.deals:
            contact_id = found.contacts[0].contact_id if found.contacts else None
            contact_id = contact_id or world.crm.create_contact(NewContact(ALSU, PHONE))
            world.crm.create_deal({"UF_CRM_RECEPTION_ID": "F1_1", "TITLE": "x"}, contact_id)
    except SyncError:
        return False
    return True


@given(
    st.lists(
        st.tuples(st.sampled_from(METHODS), JSON).filter(lambda answer: not is_lie(answer)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_as_an_answer_creates_nothing_twice(
    world: EmulatedPortal, answers: list[tuple[str, object]]
) -> None:
    world.portal.state.load(build_demo_portal(GENEROUS).to_json())
    faults = world.portal.portal.faults
    faults.clear()
    faults.add(*(Fault(FaultKind.RESULT, (method,), value=value) for method, value in answers))
    for _ in range(len(answers) + 1):
        bring(world)
    faults.clear()
    assert bring(world)
    deals = [
        row for row in world.portal.state.entities[2].values() if row.get("UF_CRM_RECEPTION_ID") == "F1_1"
    ]
    assert len(deals) == 1
    assert len(world.portal.state.entities[3]) == 1
