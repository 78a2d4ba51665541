"""Что бы ни стояло в приёме, правила решают его судьбу: страница и филиал из-за него не встают."""

import json
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.fingerprint import fingerprint
from services.domain.judgement import Foreign, Ready, Refused
from services.domain.reception import OrderLine, Reception
from services.domain.texts import INVISIBLE
from services.domain.validation import Violation
from tests.factories import BRANCHES, MARK, NOW, RECEPTION, make_line, make_reception, make_rules

#: Любые знаки Unicode вместе с половинами суррогатных пар.
ANYTHING = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Z", "C")), max_size=60)
TEXTS = st.none() | ANYTHING | st.sampled_from(["Филиал Фучика", "+79161234567", "Консультация", "\u200b"])
MOMENTS = st.none() | st.datetimes()
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
KINDS = {"str | None": TEXTS, "datetime | None": MOMENTS}
#: Каждое поле приёма, каким бы оно ни было; верными остаются не названные.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    field.name: KINDS[str(field.type)] for field in fields(Reception) if str(field.type) in KINDS
}
LINES = st.lists(st.builds(OrderLine, ANYTHING, AMOUNTS, AMOUNTS, AMOUNTS), max_size=4)
RECEPTIONS = st.fixed_dictionaries({}, optional={**FIELDS, "lines": LINES}).map(
    lambda some: make_reception(**some)
)


def refusals(reception: Reception) -> list[Violation]:
    """Возвращает, за что приём отклонён."""
    return [flaw for each in judged(reception) if isinstance(each, Refused) for flaw in each.violations]


def judged(reception: Reception) -> list[Ready | Refused | Foreign]:
    """Возвращает решения обоих филиалов базы."""
    return [make_rules(rule.number).judge(reception, NOW) for rule in BRANCHES]


@given(RECEPTIONS)
@example(make_reception(surname="Лунёва \ud83e", comment="\udc68", lines=(make_line("\ud83e"),)))
@example(make_reception(lines=(make_line(price=Decimal(10) ** 29, count=Decimal(10) ** 9),)))
@example(make_reception(plan_start=datetime.max, plan_end=datetime.min, canceled_at=MARK))
def test_every_reception_is_judged_by_exactly_one_branch(reception: Reception) -> None:
    assert sum(not isinstance(verdict, Foreign) for verdict in judged(reception)) == 1


@given(RECEPTIONS)
def test_what_leaves_for_the_portal_is_clean_and_fits_json(reception: Reception) -> None:
    drafts = [verdict.draft for verdict in judged(reception) if isinstance(verdict, Ready)]
    sent = [str(value) for draft in drafts for value in (*draft.values.values(), draft.patient.full)]
    assert json.dumps([dict(draft.values) for draft in drafts], ensure_ascii=False).encode()
    assert [text for text in sent if INVISIBLE.search(text)] == []


@given(RECEPTIONS)
def test_a_refusal_fits_the_journal(reception: Reception) -> None:
    found = [
        flaw for verdict in judged(reception) if isinstance(verdict, Refused) for flaw in verdict.violations
    ]
    assert fingerprint([[flaw.reason, flaw.field, flaw.message] for flaw in found])


@given(st.sampled_from(["surname", "name", "patronymic", "phone", "comment", "card_number"]), ANYTHING)
def test_a_refusal_shows_nobody(field: str, value: str) -> None:
    secret = f"Лунёва{value}"
    reception = make_reception(**{field: secret, "plan_end": RECEPTION.plan_start})
    texts = [
        flaw.message for each in judged(reception) if isinstance(each, Refused) for flaw in each.violations
    ]
    assert not [text for text in texts if "Лунёва" in text]
