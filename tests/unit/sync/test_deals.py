"""Доставка: создание и обновление сделки, контакт, лид, ручные стадии (МАП 2.3, 2.5)."""

from collections.abc import Callable

import pytest

from services.bitrix.responses import AmbiguousAnswer, AnswerLost
from services.sync.feed import Outcome
from services.sync.sender import Postponed
from tests.factories import MARK, make_line
from tests.fakes import KEY
from tests.support.scenarios import PHONE, PHONE_TOKEN, Office

UID = "F1_1"


@pytest.fixture
def office() -> Office:
    """Филиал."""
    return Office()


# --- Новая сделка --------------------------------------------------------------------------------


def test_new_reception_becomes_a_deal_with_a_new_contact(office: Office) -> None:
    deal = office.delivered()
    contact = office.crm.contacts[deal.contact_id or 0]
    assert (contact.name.surname, contact.phones) == ("Иванов", [PHONE])
    assert deal.fields["STAGE_ID"] == "C1:CONSULTATION_SCHEDULED"
    assert (office.state, office.counted("created"), office.counted("timed")) == (None, 1, 1)
    assert office.journal.names == ["deal_created"]
    assert office.gate.last_success() == office.clock.now()


def test_known_contact_takes_the_deal(office: Office) -> None:
    contact_id = office.crm.add_contact("Иванов", "Иван", "8 916 123-45-67")
    assert office.delivered().contact_id == contact_id
    assert len(office.crm.contacts) == 1


def test_open_lead_is_linked_and_converted_last(office: Office) -> None:
    lead_id = office.crm.add_lead(PHONE, SOURCE_ID="WEB")
    deal = office.delivered()
    assert (deal.lead_id, office.crm.leads[lead_id].status) == (lead_id, "CONVERTED")
    assert office.crm.contacts[deal.contact_id or 0].fields["SOURCE_ID"] == "WEB"
    assert office.crm.calls[-3:] == ["create_contact", "create_deal", "convert_lead"]
    assert office.counted("converted") == 1


def test_created_contact_is_remembered_by_the_print_of_its_phone(office: Office) -> None:
    deal = office.delivered()
    assert office.links.contact(PHONE_TOKEN) == deal.contact_id


def test_warnings_of_a_good_reception_are_counted(office: Office) -> None:
    office.delivered(lines=(make_line(discount=5000),))
    assert office.journal.names == ["amount_negative", "deal_created"]
    assert office.counted("amount_negative") == 1


# --- Обновление ----------------------------------------------------------------------------------


def test_change_updates_the_deal_by_one_search(office: Office) -> None:
    deal = office.delivered()
    office.crm.calls.clear()
    office.book(appeared_at=MARK, comment="пришёл")
    assert office.send(UID) is Outcome.UPDATED
    assert (deal.fields["STAGE_ID"], deal.fields["COMMENTS"]) == ("C1:TREATMENT", "пришёл")
    assert office.crm.calls == ["find", "update_deal"]


def test_delivered_state_is_not_sent_again(office: Office) -> None:
    office.delivered()
    office.crm.calls.clear()
    assert office.send(UID) is Outcome.UNCHANGED
    assert (office.crm.calls, office.state) == ([], None)


def test_first_values_stay(office: Office) -> None:
    deal = office.delivered()
    title = deal.fields["TITLE"]
    office.book(surname="Петров", comment="новое")
    office.send(UID)
    assert (deal.fields["TITLE"], deal.fields["COMMENTS"]) == (title, "новое")


def test_deal_found_without_any_memory_is_updated_not_doubled(office: Office) -> None:
    office.delivered()
    office.links.reset("F1")
    office.book(comment="новое")
    assert office.send(UID) is Outcome.UPDATED
    assert len(office.crm.deals) == 1


def test_deal_of_the_neighbours_key_is_updated(office: Office) -> None:
    number = office.crm.add_deal(
        "F2_1", office.crm.add_contact("Иванов", "Иван", PHONE), STAGE_ID="C1:TREATMENT"
    )
    office.book(comment="новое")
    assert office.send(UID) is Outcome.UPDATED
    assert office.crm.deals[number].fields["COMMENTS"] == "новое"


def test_eldest_of_doubled_deals_is_kept_up(office: Office) -> None:
    first = office.delivered()
    office.crm.add_deal(UID, first.contact_id)
    office.book(comment="новое")
    office.send(UID)
    comments = [deal.fields.get("COMMENTS") for deal in office.crm.deals.values()]
    assert comments == ["новое", None]


def test_deal_deleted_by_hand_is_made_again_with_a_warning(office: Office) -> None:
    office.crm.deals.pop(office.delivered().deal_id)
    office.book(comment="новое")
    assert office.send(UID) is Outcome.CREATED
    assert "deal_vanished" in office.journal.names
    assert len(office.crm.contacts) == 1


def test_deal_that_lost_its_contact_gets_one(office: Office) -> None:
    deal = office.delivered()
    kept, deal.contact_id = deal.contact_id, None
    office.book(comment="новое")
    assert office.send(UID) is Outcome.UPDATED
    assert deal.contact_id == kept
    assert "contact_bound" in office.journal.names


def test_interrupted_conversion_is_finished_by_the_next_attempt(office: Office) -> None:
    lead_id = office.crm.add_lead(PHONE)
    office.book()
    office.crm.trouble("convert_lead", AmbiguousAnswer("сбой", 65.0))
    assert isinstance(office.send(UID), Postponed)
    office.clock.advance(minutes=5)
    assert office.send_again(UID) is Outcome.UPDATED
    assert (office.crm.leads[lead_id].status, office.deal(UID).lead_id) == ("CONVERTED", lead_id)


def test_interrupted_update_looks_for_its_client_again_and_finishes(office: Office) -> None:
    lead_id = office.crm.add_lead(PHONE, status="CONVERTED")
    deal = office.delivered()
    office.crm.leads[lead_id].status = "NEW"
    deal.contact_id, kept = None, deal.contact_id
    office.book(comment="новое")
    office.crm.trouble("convert_lead", AmbiguousAnswer("сбой", 65.0))
    assert isinstance(office.send(UID), Postponed)
    assert deal.contact_id == kept
    office.clock.advance(minutes=5)
    assert office.send_again(UID) is Outcome.UPDATED
    assert (office.crm.leads[lead_id].status, deal.lead_id) == ("CONVERTED", lead_id)


def test_manual_stage_stays_on_cancel_with_a_warning(office: Office) -> None:
    deal = office.delivered()
    deal.fields["STAGE_ID"] = "C1:WAITING_LIST"
    office.book(canceled_at=MARK, cancel_reason="Заболел")
    assert office.send(UID) is Outcome.UPDATED
    assert (deal.fields["STAGE_ID"], deal.fields["UF_CRM_CANCEL_REASON"]) == ("C1:WAITING_LIST", "Заболел")
    assert "manual_stage_kept" in office.journal.names


def test_manual_stage_moves_on_cancel_when_the_settings_say_so() -> None:
    office = Office(rules={"cancel_moves_manual_stage": True})
    deal = office.delivered()
    deal.fields["STAGE_ID"] = "C1:WAITING_LIST"
    office.book(canceled_at=MARK)
    office.send(UID)
    assert deal.fields["STAGE_ID"] == "C1:LOSE"


def test_stage_codes_come_from_the_settings() -> None:
    office = Office(portal={"stages": {"consultation_scheduled": "C1:SHORT"}})
    assert office.delivered().fields["STAGE_ID"] == "C1:SHORT"


# --- Удалённое и стёртое на портале рукой ---------------------------------------------------------


def again(office: Office, method: str, remove: Callable[[], object]) -> None:
    """Отправляет приём, у которого посреди вызова что-то удаляют, и повторяет в свой срок."""
    office.book()
    office.crm.meanwhile[method] = remove
    assert isinstance(office.send(UID), Postponed)
    office.clock.advance(minutes=2)
    assert isinstance(office.send_again(UID), Outcome)


def test_contact_deleted_before_its_deal_was_made_is_replaced(office: Office) -> None:
    contact_id = office.crm.add_contact("Иванов", "Иван", PHONE)
    again(office, "create_deal", lambda: office.crm.contacts.pop(contact_id))
    (deal,) = office.crm.deals.values()
    assert deal.contact_id in office.crm.contacts
    assert office.state is None


def test_lead_deleted_before_its_conversion_leaves_the_deal_delivered(office: Office) -> None:
    lead_id = office.crm.add_lead(PHONE)
    again(office, "convert_lead", lambda: office.crm.leads.pop(lead_id))
    assert (len(office.crm.deals), office.state) == (1, None)


def test_deal_deleted_before_its_update_is_made_anew(office: Office) -> None:
    deal = office.delivered()
    office.book(comment="новый")
    office.crm.meanwhile["update_deal"] = lambda: office.crm.deals.pop(deal.deal_id)
    assert isinstance(office.send(UID), Postponed)
    office.clock.advance(minutes=2)
    assert office.send_again(UID) is Outcome.CREATED
    assert len(office.crm.deals) == 1


def test_key_cleared_by_hand_is_written_back_to_the_same_deal(office: Office) -> None:
    deal = office.delivered()
    deal.fields[KEY] = ""
    office.book(comment="новый")
    assert office.send(UID) is Outcome.UPDATED
    assert (len(office.crm.deals), deal.fields[KEY], deal.fields["COMMENTS"]) == (1, UID, "новый")
    assert office.journal.fields("key_restored") == {"reception": UID, "deal": deal.deal_id}


def test_key_cleared_under_an_interrupted_update_is_written_back_too(office: Office) -> None:
    deal = office.delivered()
    office.book(comment="новый")
    office.crm.trouble("update_deal", AnswerLost("обрыв", 65.0))
    assert isinstance(office.send(UID), Postponed)
    deal.fields[KEY] = ""
    office.clock.advance(minutes=5)
    assert office.send_again(UID) is Outcome.UPDATED
    assert (len(office.crm.deals), deal.fields[KEY]) == (1, UID)
