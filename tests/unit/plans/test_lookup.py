"""Сценарий просмотра: чей план, какой план, что делать с тёзками."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import DatabaseError
from services.domain.outbox import Link
from services.ident.plan_source import IdentPlanSource
from services.journal.events import EventLogger
from services.sealing import SealBroken, Sealer, plan_answer_sealer, plan_request_sealer
from services.sync.ownership import DealOwnership
from services.sync.plans import PlanLookup, PlanQuestion, SealedPlanLookup
from tests.factories import make_rules
from tests.fakes import COLLEAGUE, KEY
from tests.fakes_ident import SmallIdent
from tests.support.scenarios import Office

ALSU, PHONE = "Лунёва Алсу Ильинична", "+7 943 000-00-01"
DEAL = 10
SECRET = b"k" * 32


def lookup_of(source: IdentPlanSource, office: Office | None = None, by_name: bool = True) -> PlanLookup:
    """Строит поиск филиала F1; без ``office`` узел помнит, что приём 1 — сделка DEAL."""
    if office is None:
        office = Office()
        office.links.save("F1_1", Link("отпечаток", DEAL), office.clock.now())
    ownership = DealOwnership(office.work, office.crm, "F1")
    return PlanLookup(make_rules(1), source, ownership, EventLogger("test.plans"), by_name)


def ask(source: IdentPlanSource, office: Office | None = None, by_name: bool = True, **question: Any) -> Any:
    """Спрашивает из сделки DEAL, у чьего контакта телефон Лунёвой."""
    usual = {"deal_id": DEAL, "phones": (PHONE,)}
    return lookup_of(source, office, by_name).lookup(PlanQuestion(**{**usual, **question}).as_json())


def twin_of_alsu(ident: SmallIdent, phone: str = PHONE) -> int:
    twin = ident.insert("Persons", Surname="ЛУНЕВА", Name="Алсу", Patronymic="Ильинична", MobilePhone=phone)
    ident.insert("Patients", ID_Persons=twin, CardNumber="К-77")
    return twin


def test_newest_plan_is_shown_until_another_is_chosen(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ids = [
        ident.insert("TreatmentPlans", ID_Patients=1, DateTimeCreated=datetime(2024, month, 1))
        for month in (1, 3, 2)
    ]
    answer = ask(plans, reception_id=ident.reception())
    assert [plan["plan_id"] for plan in answer["plans"]] == [ids[1], ids[2], ids[0]]
    assert answer["plan"]["plan_id"] == ids[1]
    assert ask(plans, reception_id=1, plan_id=ids[0])["plan"]["plan_id"] == ids[0]


def test_lines_of_several_plans_do_not_mix(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(2)
    ident.plan(3)
    answer = ask(plans, reception_id=ident.reception())
    assert sorted(plan["progress"]["lines"] for plan in answer["plans"]) == [2, 3]


def test_reception_decides_even_when_the_name_is_of_another(
    ident: SmallIdent, plans: IdentPlanSource
) -> None:
    ident.plan(1)
    answer = ask(plans, reception_id=ident.reception(), full_name="Зорин Лев Маратович")
    assert answer["patient"]["patient_name"] == ALSU


def test_missing_reception_falls_back_to_the_name(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    assert ask(plans, reception_id=404, full_name=ALSU)["patient"]["card_number"] == "К-1"


def test_namesakes_give_a_choice_and_never_a_mix(ident: SmallIdent, plans: IdentPlanSource) -> None:
    twin = twin_of_alsu(ident)
    ident.plan(2)
    ident.plan(3, patient_id=twin)
    answer = ask(plans, full_name=ALSU)
    assert answer["found"] == "choice"
    assert [(one["card_number"], one["plans"]) for one in answer["patients"]] == [("К-1", 1), ("К-77", 1)]
    assert "plan" not in answer
    assert ask(plans, full_name=ALSU, patient_id=twin)["plan"]["progress"]["lines"] == 3


def test_stranger_cannot_be_chosen_among_namesakes(ident: SmallIdent, plans: IdentPlanSource) -> None:
    twin_of_alsu(ident)
    stranger = ident.insert("Persons", Surname="Иная", Name="Анна")
    ident.insert("Patients", ID_Persons=stranger)
    ident.plan(1, patient_id=stranger)
    assert ask(plans, full_name=ALSU, patient_id=stranger)["found"] == "nothing"


def test_plan_of_another_patient_is_not_given(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    foreign, _ = ident.plan(1, patient_id=twin_of_alsu(ident))
    answer = ask(plans, reception_id=ident.reception(), plan_id=foreign)
    assert answer == {"found": "stranger"}


def test_retired_plan_is_not_given_even_by_number(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    retired, _ = ident.plan(1, active=False)
    assert ask(plans, reception_id=ident.reception(), plan_id=retired)["found"] == "stranger"


def test_patient_without_plans(
    ident: SmallIdent, plans: IdentPlanSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = ask(plans, reception_id=ident.reception(), full_name=ALSU)
    assert (answer["found"], answer["patient"]["card_number"]) == ("nothing", "К-1")
    assert "plan_not_found" in caplog.text
    assert "Лунёва" not in caplog.text


def test_nobody_with_the_name(plans: IdentPlanSource) -> None:
    assert ask(plans, full_name="Никто Никтоевич") == {"found": "nothing", "patient": None}


def sealed_lookup(source: IdentPlanSource) -> SealedPlanLookup:
    return SealedPlanLookup(lookup_of(source), plan_request_sealer(SECRET), plan_answer_sealer(SECRET))


def test_sealed_question_gets_sealed_answer_with_its_mark(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    sealed = plan_request_sealer(SECRET).seal({"full_name": ALSU, "phones": [PHONE], "nonce": "n1"})
    raw = sealed_lookup(plans).lookup_sealed(sealed)
    answer = plan_answer_sealer(SECRET).unseal(raw)
    assert (answer["found"], answer["nonce"]) == ("plans", "n1")
    assert "Лун" not in raw + sealed


class BrokenSource(IdentPlanSource):
    """База, которая не отвечает."""

    def patients_named(self, full_name: str) -> Any:
        """Не отвечает."""
        raise DatabaseError("База Ident не отвечает")


def test_database_failure_is_an_answer_too(ident: SmallIdent) -> None:
    sealed = plan_request_sealer(SECRET).seal({"full_name": ALSU, "phones": [PHONE]})
    answer = plan_answer_sealer(SECRET).unseal(
        sealed_lookup(BrokenSource(ident.source)).lookup_sealed(sealed)
    )
    assert (answer["found"], answer["message"]) == ("failure", "База Ident не отвечает")


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "мусор",
        plan_answer_sealer(SECRET).seal({"full_name": ALSU}),
        plan_request_sealer(b"x" * 32).seal({"full_name": ALSU}),
    ],
    ids=["empty", "garbage", "another purpose", "another key"],
)
def test_foreign_question_is_not_answered(plans: IdentPlanSource, sealed: str) -> None:
    with pytest.raises(SealBroken):
        sealed_lookup(plans).lookup_sealed(sealed)


def test_old_message_is_not_opened() -> None:
    long_gone = Sealer(SECRET, "plan-request", timedelta(seconds=-1))
    with pytest.raises(SealBroken):
        long_gone.unseal(long_gone.seal({"full_name": ALSU}))


# --- Чья сделка (docs/security.md) ----------------------------------------------------------------


@pytest.fixture
def forgetful(ident: SmallIdent) -> Office:
    """Узел, чья память потеряна; у приёма 1 есть план."""
    ident.plan(1)
    ident.reception()
    return Office()


def test_deal_of_another_reception_gets_no_plan(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    assert ask(plans, reception_id=ident.reception(), deal_id=DEAL + 1) == {"found": "foreign"}


def test_without_memory_the_deal_of_the_webhook_and_the_phone_is_believed(
    forgetful: Office, plans: IdentPlanSource
) -> None:
    deal = forgetful.crm.add_deal("F1_1", forgetful.crm.add_contact("Лунёва", "Алсу", PHONE))
    assert ask(plans, forgetful, reception_id=1, deal_id=deal)["found"] == "plans"


@pytest.mark.parametrize(
    ("phone", "author"), [(PHONE, COLLEAGUE), ("+79990000000", 1), ("+79990000000", COLLEAGUE)]
)
def test_without_memory_a_key_written_by_hand_gives_nothing(
    forgetful: Office, plans: IdentPlanSource, phone: str, author: int
) -> None:
    contact = forgetful.crm.add_contact("Лунёва", "Алсу", phone)
    deal = forgetful.crm.add_deal("F1_1", contact, author)
    assert ask(plans, forgetful, reception_id=1, deal_id=deal) == {"found": "foreign"}
    assert forgetful.journal.fields("foreign_key")["deal"] == deal
    assert forgetful.counted("foreign_key") == 1


def test_without_memory_the_eldest_of_ours_is_believed(forgetful: Office, plans: IdentPlanSource) -> None:
    contact = forgetful.crm.add_contact("Лунёва", "Алсу", PHONE)
    elder, younger = (forgetful.crm.add_deal("F1_1", contact) for _ in range(2))
    answers = [ask(plans, forgetful, reception_id=1, deal_id=deal)["found"] for deal in (elder, younger)]
    assert answers == ["plans", "foreign"]


def test_what_was_proved_is_remembered_and_the_portal_is_not_asked_again(
    forgetful: Office, plans: IdentPlanSource
) -> None:
    deal = forgetful.crm.add_deal("F1_1", forgetful.crm.add_contact("Лунёва", "Алсу", PHONE))
    answers = [ask(plans, forgetful, reception_id=1, deal_id=deal)["found"] for _ in range(2)]
    assert (answers, forgetful.crm.calls) == (["plans", "plans"], ["find"])


def test_deal_of_a_colleague_is_foreign_without_a_question_to_the_portal(
    forgetful: Office, plans: IdentPlanSource
) -> None:
    contact = forgetful.crm.add_contact("Лунёва", "Алсу", PHONE)
    deal = forgetful.crm.add_deal("F1_1", contact, COLLEAGUE)
    answer = ask(plans, forgetful, reception_id=1, deal_id=deal, created_by=COLLEAGUE)
    assert (answer, forgetful.crm.calls) == ({"found": "foreign"}, [])


def test_key_of_a_neighbour_branch_is_checked_too(forgetful: Office, plans: IdentPlanSource) -> None:
    """Постановление 3: приём мог уйти под номером соседа."""
    deal = forgetful.crm.add_deal("F2_1", forgetful.crm.add_contact("Лунёва", "Алсу", PHONE))
    assert ask(plans, forgetful, reception_id=1, deal_id=deal)["found"] == "plans"
    forgetful.links.reset("F1")  # доказанное запомнилось
    forgetful.crm.deals[deal].fields[KEY] = "F1_2"
    assert ask(plans, forgetful, reception_id=1, deal_id=deal)["found"] == "foreign"


@pytest.mark.parametrize("phones", [(), ("+79990000000",), ("не телефон",)])
def test_name_alone_gives_nothing(ident: SmallIdent, plans: IdentPlanSource, phones: tuple[str, ...]) -> None:
    """ТЗ 3.1.10: по ФИО — только когда телефон контакта тот же, что у пациента в Ident."""
    ident.plan(1)
    assert ask(plans, full_name=ALSU, phones=phones)["found"] == "nothing"


def test_namesake_with_another_phone_is_no_choice(ident: SmallIdent, plans: IdentPlanSource) -> None:
    twin_of_alsu(ident, "+79990000000")
    ident.plan(1)
    assert ask(plans, full_name=ALSU)["patient"]["card_number"] == "К-1"


def test_plans_by_name_may_be_switched_off(ident: SmallIdent, plans: IdentPlanSource) -> None:
    ident.plan(1)
    assert ask(plans, by_name=False, full_name=ALSU)["found"] == "nothing"
