"""Причины словами: у каждой, какую способны дать правила и портал, есть слова и совет."""

import pytest

from services.bitrix.responses import CODES, LEGACY
from services.domain.errors import Family, SkippableError
from services.domain.reasons import ELSEWHERE, REASONS, Place, place_of, reason_of
from services.domain.validation import REQUIRED


def test_every_known_reason_has_words() -> None:
    rows = (*CODES.values(), *LEGACY.values())
    given = {reason for kind, reason, _ in rows if issubclass(kind, SkippableError)}
    missing = {f"{field}_missing" for field in REQUIRED}
    others = {"phone_missing", "phone_invalid", "amount_too_big", "bug", "refused"}
    assert given | missing | others | {str(family) for family in Family} <= set(REASONS)


def test_first_of_several_reasons_is_shown() -> None:
    assert reason_of("phone_missing, name_missing").title == "Нет телефона"


@pytest.mark.parametrize(("code", "named"), [("unheard_of", "unheard_of"), ("", "не названа")])
def test_unknown_reason_is_named(code: str, named: str) -> None:
    assert reason_of(code).title == f"Причина «{named}»"
    assert reason_of(code).advice


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("phone_missing, name_missing", Place.IDENT),
        ("reception_deleted", Place.GONE),
        ("rule_failed", Place.PROGRAM),
        ("unheard_of", Place.IDENT),
    ],
)
def test_place_of_a_rejected_record(code: str, place: Place) -> None:
    assert place_of(code) is place


def test_every_place_elsewhere_is_of_a_known_reason() -> None:
    assert set(ELSEWHERE) <= set(REASONS)
