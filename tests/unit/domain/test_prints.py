"""Печать людей: ни один образ правил и договоров не показывает ни имени, ни телефона (СПЕЦ 3.4.1)."""

import pytest

from services.domain.crm import Contact, Lead, NewContact
from services.domain.names import PersonName
from services.domain.phones import Phone
from services.domain.plan_view import PlanPatient
from tests.factories import make_draft, make_reception

PHONE = Phone("+79161234567")
NAME = PersonName.of("Иванов", "Иван", "Иванович")


@pytest.mark.parametrize(
    "person",
    [
        NAME,
        PHONE,
        PlanPatient(7, "1024", "Иванов Иван"),
        make_reception(),
        make_draft(),
        Contact(5, NAME),
        Lead(5, True, None, None, {"COMMENTS": "Иванов просил"}),
        NewContact(NAME, PHONE, {"COMMENTS": "Иванов просил"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_print_shows_no_person(person: object) -> None:
    for shown in (repr(person), str(person), repr([person]), f"{person}"):
        assert "Иван" not in shown
        assert "1234567" not in shown
