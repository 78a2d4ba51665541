"""Решения о клиенте: чей контакт, какой лид (МАП 2.3, постановления 6–8)."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.crm import Contact, Deal, Lead, NewContact
from services.domain.names import PersonName
from services.sync.decisions import choose_contact, client_for, open_lead, unfinished_lead
from tests.factories import make_draft

NOW = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
#: Пациент строителя — Иванов Иван Иванович.
SAME = PersonName.of("ИВАНОВ", "иван", "Иванович")
WIFE = PersonName.of("Иванова", "Нина", "Петровна")


def contact(number: int, name: PersonName = WIFE) -> Contact:
    """Строит контакт с телефоном пациента."""
    return Contact(number, name)


def lead(number: int = 1, is_open: bool = True, created_at: datetime | None = NOW, **changes: object) -> Lead:
    """Строит лид с телефоном пациента."""
    return Lead(number, is_open, changes.get("contact_id"), created_at, changes.get("inherited", {}))  # type: ignore[arg-type]


def deal(lead_id: int | None = None, created_at: datetime | None = NOW) -> Deal:
    """Строит сделку."""
    return Deal(1, "F1_1", "C1:TREATMENT", 1, 12, lead_id, created_at)


@pytest.mark.parametrize(
    ("contacts", "matching", "chosen"),
    [
        ([], "phone", None),
        ([contact(5)], "phone", 5),
        ([contact(7), contact(5)], "phone", 5),
        ([contact(5), contact(7, SAME)], "phone", 7),
        ([contact(9, SAME), contact(7, SAME)], "phone", 7),
        ([contact(5)], "phone_and_name", None),
        ([contact(5), contact(7, SAME)], "phone_and_name", 7),
    ],
)
def test_namesake_is_chosen_else_the_eldest(
    contacts: list[Contact], matching: str, chosen: int | None
) -> None:
    assert choose_contact(contacts, make_draft(), matching) == chosen


@pytest.mark.parametrize(
    ("leads", "chosen"),
    [([], None), ([lead(3, is_open=False)], None), ([lead(4), lead(2), lead(1, is_open=False)], 2)],
)
def test_eldest_open_lead_is_taken(leads: list[Lead], chosen: int | None) -> None:
    found = open_lead(leads)
    assert (found.lead_id if found else None) == chosen


def test_found_contact_takes_the_deal_whatever_the_lead_says() -> None:
    assert client_for([contact(5)], lead(contact_id=9), make_draft(), "phone") == 5


def test_contact_of_the_lead_takes_the_deal_when_no_other_is_found() -> None:
    assert client_for([], lead(contact_id=9), make_draft(), "phone") == 9


def test_contact_of_the_lead_is_not_taken_when_names_must_match() -> None:
    assert isinstance(client_for([], lead(contact_id=9), make_draft(), "phone_and_name"), NewContact)


def test_new_contact_inherits_the_data_of_the_lead() -> None:
    draft = make_draft()
    made = client_for([], lead(inherited={"SOURCE_ID": "WEB"}), draft, "phone")
    assert made == NewContact(draft.patient, draft.phone, {"SOURCE_ID": "WEB"})


def test_new_contact_without_a_lead_inherits_nothing() -> None:
    draft = make_draft()
    assert client_for([], None, draft, "phone") == NewContact(draft.patient, draft.phone, {})


@pytest.mark.parametrize(
    ("of_deal", "of_lead", "taken"),
    [
        (deal(), lead(), True),
        (deal(), lead(created_at=NOW - timedelta(days=1)), True),
        (deal(), lead(created_at=NOW + timedelta(seconds=1)), False),
        (deal(), lead(is_open=False), False),
        (deal(lead_id=1), lead(created_at=NOW + timedelta(days=1)), True),
        (deal(lead_id=2), lead(), False),
        (deal(created_at=None), lead(), False),
        (deal(), lead(created_at=None), False),
    ],
)
def test_interrupted_conversion_is_finished_but_a_later_request_waits_for_its_own_deal(
    of_deal: Deal, of_lead: Lead, taken: bool
) -> None:
    assert (unfinished_lead(of_deal, [of_lead]) is not None) is taken
