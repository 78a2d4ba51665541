"""Суд над приёмом: чей он, годен ли; постановления 2, 3, 29."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.branches import BranchRule
from services.domain.errors import SkippableError
from services.domain.judgement import Foreign, Ready, Refused, Rules, Verdict, is_near, judged
from tests.factories import MARK, NOW, ZONE, make_reception, make_rules

FUCHIKA_RULES, MINNULLINA_RULES = make_rules(1), make_rules(2)
LONELY_RULES = Rules(5, "salimzhanova", (BranchRule(5, "Филиал Салимжанова"),), ZONE)
names = st.sampled_from([None, "", "Филиал Фучика", "Филиал Миннуллина", "фучика", "ООО Ромашка"])


def ready(court: Rules, **changes: object) -> Ready:
    """Возвращает решение суда; приём обязан быть годен."""
    verdict = court.judge(make_reception(**changes), NOW)
    assert isinstance(verdict, Ready)
    return verdict


def refused(court: Rules, **changes: object) -> Refused:
    """Возвращает решение суда; приём обязан быть отклонён."""
    verdict = court.judge(make_reception(**changes), NOW)
    assert isinstance(verdict, Refused)
    return verdict


def test_sound_reception_of_the_branch_becomes_a_deal() -> None:
    verdict = ready(FUCHIKA_RULES)
    assert verdict.draft.uid == "F1_12345"
    assert verdict.draft.values["filial"] == "Филиал Фучика"
    assert verdict.draft.values["ident_patient"] == "main_777"
    assert (verdict.warnings, verdict.notes) == ((), ())


def test_key_has_the_number_of_the_owner() -> None:
    """СПЕЦ 2.4.2."""
    verdict = ready(MINNULLINA_RULES, order_branch="Филиал Миннуллина")
    assert verdict.draft.uid == "F2_12345"


def test_reception_of_a_neighbour_is_foreign() -> None:
    assert MINNULLINA_RULES.judge(make_reception(), NOW) == Foreign()


def test_foreign_reception_is_not_reported_even_when_it_is_bad() -> None:
    assert MINNULLINA_RULES.judge(make_reception(phone=None), NOW) == Foreign()


def test_reception_without_a_branch_belongs_to_the_home_branch() -> None:
    """Постановление 2, МАП 5.1."""
    homeless = {"order_branch": None, "armchair_branch": None}
    verdict = ready(FUCHIKA_RULES, **homeless)
    assert verdict.draft.uid == "F1_12345"
    assert verdict.draft.values["filial"] == "Не указан"
    assert [warning.reason for warning in verdict.warnings] == ["branch_missing"]
    assert MINNULLINA_RULES.judge(make_reception(**homeless), NOW) == Foreign()


def test_single_branch_of_a_database_is_its_home() -> None:
    verdict = ready(LONELY_RULES, order_branch=None, armchair_branch=None)
    assert verdict.draft.uid == "F5_12345"


def test_unknown_branch_is_delivered_by_the_home_branch_with_a_warning() -> None:
    """Постановление 30."""
    verdict = ready(FUCHIKA_RULES, order_branch="ООО Ромашка")
    assert verdict.draft.values["filial"] == "ООО Ромашка"
    assert [(found.reason, found.field) for found in verdict.warnings] == [("branch_unknown", "filial")]
    assert "«ООО Ромашка»" in verdict.warnings[0].message
    assert "aliases" in verdict.warnings[0].message
    assert MINNULLINA_RULES.judge(make_reception(order_branch="ООО Ромашка"), NOW) == Foreign()


def test_bad_reception_is_refused_with_all_reasons() -> None:
    verdict = refused(FUCHIKA_RULES, phone=None, surname="")
    assert [found.reason for found in verdict.violations] == ["surname_missing", "phone_missing"]


def test_required_fields_are_those_of_the_settings() -> None:
    tolerant = make_rules(required=("surname",))
    assert isinstance(tolerant.judge(make_reception(plan_start=None, profession=None), NOW), Ready)


def test_reception_without_services_is_ready_with_a_note() -> None:
    """МАП 5.2."""
    verdict = ready(FUCHIKA_RULES, lines=())
    assert [note.reason for note in verdict.notes] == ["services_missing"]


def test_refusal_keeps_its_fingerprint_while_nothing_is_corrected() -> None:
    first, again = refused(FUCHIKA_RULES, phone=None), refused(FUCHIKA_RULES, phone="", comment="Другой")
    worse = refused(FUCHIKA_RULES, phone=None, name=None)
    assert first.fingerprint == again.fingerprint != worse.fingerprint


def test_change_of_the_reception_changes_the_fingerprint() -> None:
    assert ready(FUCHIKA_RULES).fingerprint != ready(FUCHIKA_RULES, ended_at=MARK).fingerprint


def test_same_reception_is_judged_the_same_later() -> None:
    later = datetime(2025, 1, 15, tzinfo=ZONE)
    assert FUCHIKA_RULES.judge(make_reception(), later) == ready(FUCHIKA_RULES)


@pytest.mark.parametrize("phone", ["+7 (916) 123-45-67", None])
@given(order=names, armchair=names)
def test_every_reception_has_exactly_one_owner(
    phone: str | None, order: str | None, armchair: str | None
) -> None:
    reception = make_reception(order_branch=order, armchair_branch=armchair, phone=phone)
    verdicts = [court.judge(reception, NOW) for court in (FUCHIKA_RULES, MINNULLINA_RULES)]
    assert sum(not isinstance(verdict, Foreign) for verdict in verdicts) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [(SkippableError("цена не прочлась", "bad_price"), "bad_price"), (ZeroDivisionError("x"), "rule_failed")],
)
def test_any_error_of_a_rule_refuses_that_record_alone(error: Exception, reason: str) -> None:
    def broken() -> Verdict:
        raise error

    verdict = judged(broken)
    assert isinstance(verdict, Refused)
    assert [violation.reason for violation in verdict.violations] == [reason]


@pytest.mark.parametrize(
    ("start", "near"),
    [
        (datetime(2024, 12, 27, 23, 59), False),
        (datetime(2024, 12, 28, 0, 0), True),
        (datetime(2024, 12, 29, 12, 0), True),
        (datetime(2024, 12, 30, 23, 59), True),
        (datetime(2024, 12, 31, 0, 0), False),
        (None, False),
    ],
)
def test_reception_of_yesterday_today_or_tomorrow_goes_first(start: datetime | None, near: bool) -> None:
    assert is_near(start, NOW) is near


def test_day_is_that_of_the_branch() -> None:
    """В Казани уже 30-е, а по Гринвичу ещё 29-е: завтрашний приём — 31-го."""
    late = datetime(2024, 12, 29, 21, 30, tzinfo=UTC)
    tomorrow = make_reception(
        plan_start=datetime(2024, 12, 31, 10, 0), plan_end=datetime(2024, 12, 31, 11, 0)
    )
    verdict = FUCHIKA_RULES.judge(tomorrow, late)
    assert isinstance(verdict, Ready)
    assert verdict.near
