"""Допуск: чей план показать, решает сделка, а не слова страницы."""

import pytest

from services.domain.admission import (
    AdmissionRefused,
    AdmissionUnavailable,
    Refusal,
    VisitedDeal,
    check_claims,
)

ALSU = "Лунёва Алсу Ильинична"


def deal(**changes: object) -> VisitedDeal:
    usual = {
        "reception_uid": "F1_5",
        "filial": "",
        "contact_name": ALSU,
        "title": "Иная Анна - 01.12.2026 10:00",
    }
    return VisitedDeal(deal_id=1, **{**usual, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uid", "name"),
    [("", ""), ("F1_5", ""), ("F1_5", ALSU), ("", "ЛУНЕВА алсу  ильинична"), ("", "Иная Анна")],
)
def test_words_of_the_deal_are_accepted(uid: str, name: str) -> None:
    check_claims(deal(), uid, name)


@pytest.mark.parametrize(
    ("uid", "name", "refusal"),
    [
        ("F1_6", "", Refusal.FOREIGN_RECEPTION),
        ("F2_5", "", Refusal.FOREIGN_RECEPTION),
        ("", "Чужая Анна", Refusal.FOREIGN_NAME),
        ("F1_5", "Чужая Анна", Refusal.FOREIGN_NAME),
        ("", "%", Refusal.FOREIGN_NAME),
    ],
)
def test_words_about_another_are_refused(uid: str, name: str, refusal: Refusal) -> None:
    with pytest.raises(AdmissionRefused) as caught:
        check_claims(deal(), uid, name)
    assert caught.value.refusal is refusal


def test_nameless_deal_accepts_no_name() -> None:
    with pytest.raises(AdmissionRefused):
        check_claims(deal(contact_name="", title=""), "", ALSU)


def test_name_is_taken_from_the_contact_and_never_from_the_title() -> None:
    """Название сделки напишет любой сотрудник."""
    assert deal().full_name == ALSU
    assert deal(contact_name="").full_name == ""


def test_unavailable_admission_keeps_its_words() -> None:
    assert AdmissionUnavailable("портал не отвечает").message == "портал не отвечает"


def test_deal_does_not_show_people_in_repr() -> None:
    assert repr(deal()) == "VisitedDeal(1)"
