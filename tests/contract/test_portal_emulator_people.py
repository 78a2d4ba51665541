"""Контакты, лиды и связи: множественные поля, перевод лида, права."""

import pytest

from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.rest import Rest

PHONE, OTHER = "+79031112233", "+79034445566"


def phones(rest: Rest, contact_id: int) -> list[str]:
    """Возвращает телефоны контакта."""
    return [item["VALUE"] for item in rest.result("crm.contact.get", id=contact_id).get("PHONE", [])]


def bound(rest: Rest, deal_id: int) -> list[tuple[int, str]]:
    """Возвращает контакты сделки и кто из них главный."""
    rows = rest.result("crm.deal.contact.items.get", id=deal_id)
    return [(row["CONTACT_ID"], row["IS_PRIMARY"]) for row in rows]


# --- Контакты ------------------------------------------------------------------------------------


def test_phone_without_its_number_is_added_to_the_others(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    rest.result("crm.contact.update", id=contact_id, fields={"PHONE": [{"VALUE": OTHER}]})
    assert phones(rest, contact_id) == [PHONE, OTHER]


def test_phone_with_its_number_is_changed_or_deleted(rest: Rest) -> None:
    contact_id = rest.contact(PHONE, OTHER)
    first, second = (item["ID"] for item in rest.result("crm.contact.get", id=contact_id)["PHONE"])
    edits = [{"ID": first, "VALUE": "+79030000000"}, {"ID": second, "DELETE": "Y"}]
    rest.result("crm.contact.update", id=contact_id, fields={"PHONE": edits})
    assert phones(rest, contact_id) == ["+79030000000"]


def test_new_family_writes_phones_as_fm_and_shows_aliases(rest: Rest) -> None:
    fm = [{"typeId": "PHONE", "valueType": "MOBILE", "value": PHONE}]
    item = rest.result("crm.item.add", entityTypeId=3, fields={"name": "Алсу", "fm": fm})["item"]
    assert (item["fm"][0]["value"], item["phoneMobile"], item["phoneWork"]) == (PHONE, PHONE, "")
    assert phones(rest, item["id"]) == [PHONE]


def test_phones_are_listed_only_when_asked(rest: Rest) -> None:
    rest.contact(PHONE)
    (silent,) = rest.result("crm.contact.list")
    (asked,) = rest.result("crm.contact.list", select=["ID", "PHONE"])
    assert "PHONE" not in silent
    assert asked["PHONE"][0]["VALUE"] == PHONE


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.contact.add", {"fields": {"PHONE": [{"VALUE": PHONE}]}}, "ERROR_CORE"),
        ("crm.item.add", {"entityTypeId": 3, "fields": {"post": "x"}}, "CRM_FIELD_ERROR_REQUIRED"),
    ],
)
def test_contact_needs_a_name_or_a_surname(
    rest: Rest, method: str, params: dict[str, object], code: str
) -> None:
    assert rest.error(method, **params)[:2] == (400, code)


def test_wrong_email_fails_the_whole_contact(rest: Rest) -> None:
    error = rest.error("crm.contact.add", fields={"NAME": "Алсу", "EMAIL": [{"VALUE": "не почта"}]})
    assert error[:2] == (400, "ERROR_CORE")
    assert rest.result("crm.contact.list") == []


def test_the_same_contact_twice_is_two_contacts(rest: Rest) -> None:
    assert rest.contact(PHONE) != rest.contact(PHONE)


# --- Связи ---------------------------------------------------------------------------------------


def test_contact_ids_replace_the_whole_set(rest: Rest) -> None:
    first, second, third = (rest.contact() for _ in range(3))
    deal_id = rest.deal(CONTACT_IDS=[first, second])
    assert bound(rest, deal_id) == [(first, "Y"), (second, "N")]
    rest.result("crm.deal.update", id=deal_id, fields={"CONTACT_IDS": [third]})
    assert bound(rest, deal_id) == [(third, "Y")]


def test_contact_is_added_beside_the_others(rest: Rest) -> None:
    first, second = rest.contact(), rest.contact()
    deal_id = rest.deal(CONTACT_IDS=[first])
    fields = {"CONTACT_ID": second, "IS_PRIMARY": "Y"}
    assert rest.result("crm.deal.contact.add", id=deal_id, fields=fields) is True
    assert rest.result("crm.deal.contact.add", id=deal_id, fields=fields) is False
    assert bound(rest, deal_id) == [(first, "N"), (second, "Y")]
    assert rest.result("crm.deal.get", id=deal_id)["CONTACT_ID"] == str(second)


def test_contacts_are_set_and_taken_away(rest: Rest) -> None:
    first, second = rest.contact(), rest.contact()
    deal_id = rest.deal()
    items = [{"CONTACT_ID": first, "SORT": 20}, {"CONTACT_ID": second, "SORT": 10}, {"CONTACT_ID": 999}]
    rest.result("crm.deal.contact.items.set", id=deal_id, items=items)
    assert bound(rest, deal_id) == [(second, "Y"), (first, "N")]
    assert rest.result("crm.deal.contact.delete", id=deal_id, fields={"CONTACT_ID": second}) is True
    assert bound(rest, deal_id) == [(first, "Y")]


def test_vanished_contact_is_bound_to_nothing(rest: Rest) -> None:
    deal_id = rest.deal(CONTACT_IDS=[999])
    assert bound(rest, deal_id) == []
    assert rest.error("crm.deal.contact.add", id=deal_id, fields={"CONTACT_ID": 999})[1] == ""


@pytest.mark.parametrize("params", [{}, {"id": 999}, {"id": 1}])
def test_binding_needs_a_deal_and_fields(rest: Rest, params: dict[str, object]) -> None:
    rest.deal()
    assert rest.error("crm.deal.contact.add", **params)[:2] == (400, "")


def test_deals_are_found_by_any_of_their_contacts(rest: Rest) -> None:
    first, second = rest.contact(), rest.contact()
    deal_id = rest.deal(CONTACT_IDS=[first, second])
    rest.deal()
    (row,) = rest.result("crm.deal.list", filter={"CONTACT_ID": second}, select=["ID"])
    assert row["ID"] == str(deal_id)
    assert len(rest.result("crm.deal.list", filter={"CONTACT_IDS": second})) == 2


# --- Лиды ----------------------------------------------------------------------------------------


def test_conversion_moves_the_lead_and_creates_nothing(rest: Rest) -> None:
    lead_id = rest.lead(PHONE)
    rest.result("crm.lead.update", id=lead_id, fields={"STATUS_ID": "CONVERTED"})
    lead = rest.result("crm.lead.get", id=lead_id)
    assert (lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"]) == ("CONVERTED", "S")
    assert lead["DATE_CLOSED"]
    assert (rest.result("crm.deal.list"), rest.result("crm.contact.list")) == ([], [])


def test_new_family_converts_a_lead_by_its_stage(rest: Rest) -> None:
    lead_id = rest.lead()
    item = rest.result("crm.item.update", entityTypeId=1, id=lead_id, fields={"stageId": "CONVERTED"})["item"]
    assert (item["stageId"], item["stageSemanticId"]) == ("CONVERTED", "S")


def test_simple_crm_turns_a_lead_into_a_deal_at_once() -> None:
    with PortalServer(PortalOptions(rate=1000, threshold=1000, simple_crm=True)) as portal:
        rest = Rest(portal)
        lead_id = rest.lead(PHONE, NAME="Алсу")
        (deal,) = rest.result("crm.deal.list")
        assert rest.result("crm.settings.mode.get") == 2
        assert deal["LEAD_ID"] == str(lead_id)
        assert phones(rest, int(deal["CONTACT_ID"])) == [PHONE]
        assert rest.result("crm.lead.get", id=lead_id)["STATUS_ID"] == "CONVERTED"


# --- Права ---------------------------------------------------------------------------------------


def test_closed_contact_is_hidden_from_lists_and_refused_by_name(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    rest.portal.state.denied.append([1, 3, contact_id])
    assert rest.result("crm.contact.list") == []
    assert rest.error("crm.contact.get", id=contact_id) == (400, "", "Access denied.")
    assert rest.error("crm.item.get", entityTypeId=3, id=contact_id)[:2] == (400, "ACCESS_DENIED")


def test_closed_contact_is_still_found_by_its_phone(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    rest.portal.state.denied.append([1, 3, contact_id])
    found = rest.result("crm.duplicate.findbycomm", type="PHONE", values=[PHONE], entity_type="CONTACT")
    assert found == {"CONTACT": [contact_id]}
