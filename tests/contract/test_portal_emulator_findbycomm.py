"""Поиск по телефону: crm.duplicate.findbycomm со всеми его странностями."""

import pytest

from tests.support.rest import Rest

PHONE = "+79031112233"
METHOD = "crm.duplicate.findbycomm"


def found(rest: Rest, *values: str, **params: object) -> object:
    """Возвращает найденное по телефонам."""
    return rest.result(METHOD, type="PHONE", values=list(values), **params)


def test_nothing_found_is_an_empty_list_and_not_a_map(rest: Rest) -> None:
    assert found(rest, PHONE) == []


def test_found_are_grouped_by_kind(rest: Rest) -> None:
    contact_id, lead_id = rest.contact(PHONE), rest.lead(PHONE)
    assert found(rest, PHONE) == {"LEAD": [lead_id], "CONTACT": [contact_id]}


def test_deals_are_not_searched(rest: Rest) -> None:
    rest.deal(PHONE=[{"VALUE": PHONE}])
    assert found(rest, PHONE) == []


def test_kind_may_be_asked_for_separately(rest: Rest) -> None:
    contact_id, _ = rest.contact(PHONE), rest.lead(PHONE)
    assert found(rest, PHONE, entity_type="CONTACT") == {"CONTACT": [contact_id]}


def test_twenty_leads_of_one_number_hide_the_contact(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    leads = [rest.lead(PHONE) for _ in range(21)]
    assert found(rest, PHONE) == {"LEAD": leads[:20]}
    assert found(rest, PHONE, entity_type="CONTACT") == {"CONTACT": [contact_id]}


@pytest.mark.parametrize("status", ["CONVERTED", "JUNK"])
def test_closed_leads_are_found_too(rest: Rest, status: str) -> None:
    lead_id = rest.lead(PHONE, STATUS_ID=status)
    assert found(rest, PHONE) == {"LEAD": [lead_id]}


@pytest.mark.parametrize(
    ("stored", "asked", "matches"),
    [
        (PHONE, PHONE, True),
        ("8 (903) 111-22-33", PHONE, True),
        ("79031112233", "8-903-111-22-33", True),
        (f"{PHONE};123", PHONE, True),
        (f"{PHONE}#5", PHONE, True),
        ("9031112233", PHONE, False),
        ("9031112233", "9031112233", True),
        (PHONE, "9031112233", False),
        (f"{PHONE} доб. 5", PHONE, False),
        ("+79031112234", PHONE, False),
        ("80171112233", "70171112233", False),
    ],
)
def test_numbers_are_compared_by_digits_and_ten_digits_are_not_completed(
    rest: Rest, stored: str, asked: str, matches: bool
) -> None:
    contact_id = rest.contact(stored)
    assert found(rest, asked) == ({"CONTACT": [contact_id]} if matches else [])


def test_variants_of_one_number_find_an_owner_once(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    assert found(rest, PHONE, "79031112233", "89031112233") == {"CONTACT": [contact_id]}


def test_only_the_first_twenty_values_are_looked_at(rest: Rest) -> None:
    rest.contact(PHONE)
    others = [f"+7903000{number:04}" for number in range(20)]
    assert found(rest, *others, PHONE) == []


def test_values_that_are_not_texts_are_skipped(rest: Rest) -> None:
    rest.contact(PHONE)
    assert rest.result(METHOD, type="PHONE", values=[79031112233, ""]) == []


def test_email_is_searched_in_any_case_of_letters(rest: Rest) -> None:
    contact_id = rest.contact(EMAIL=[{"VALUE": "Alsu@Example.test"}])
    assert rest.result(METHOD, type="EMAIL", values=["alsu@example.TEST"]) == {"CONTACT": [contact_id]}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"values": [PHONE]}, "Communication type is not defined."),
        ({"type": "FAX", "values": [PHONE]}, "Communication type is not defined."),
        ({"type": "PHONE"}, "Communication values is not defined."),
        ({"type": "PHONE", "values": PHONE}, "Communication values is not defined."),
        ({"type": "PHONE", "values": []}, "Communication values is not defined."),
    ],
)
def test_unclear_question_is_refused(rest: Rest, params: dict[str, object], text: str) -> None:
    assert rest.error(METHOD, **params) == (400, "", text)


def test_new_contact_is_found_at_once_and_a_deleted_one_no_more(rest: Rest) -> None:
    contact_id = rest.contact(PHONE)
    assert found(rest, PHONE) == {"CONTACT": [contact_id]}
    rest.result("crm.contact.delete", id=contact_id)
    assert found(rest, PHONE) == []
