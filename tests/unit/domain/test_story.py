"""Слова истории записи, до которых случаи целой службы не доходят."""

from decimal import Decimal

import pytest

from services.domain.judgement import Foreign
from services.domain.stages import StageTable
from services.domain.story import Tone, facts, movement
from tests.factories import MARK, make_line, make_reception, make_rules


@pytest.mark.parametrize(
    ("price", "told", "tone"),
    [
        ("1250.5", "1 250,50 руб.", Tone.GOOD),
        ("-10", "отрицательная, пишется 0", Tone.NOTE),
        ("99999999999", "больше предела", Tone.BAD),
    ],
)
def test_amount_is_told_with_its_rule(price: str, told: str, tone: Tone) -> None:
    line = make_line(count=Decimal(1), price=Decimal(price), discount=Decimal(0))
    amount = next(
        one for one in facts(make_reception(lines=(line,)), make_rules(1), Foreign()) if one.rule == "Сумма"
    )
    assert told in amount.told.replace("\xa0", " ")
    assert amount.tone is tone


@pytest.mark.parametrize(
    ("stage", "told", "tone"),
    [
        ("C1:CONSULTATION_SCHEDULED", "«Запись на консультацию» → «Консультация проведена»", Tone.GOOD),
        ("C1:CONSULTATION_DONE", "стадия уже стоит", Tone.GOOD),
        ("C1:WON", "назад по воронке не двигаем", Tone.NOTE),
        ("C5:WON", "сделка остаётся на стадии C5:WON", Tone.NOTE),
    ],
)
def test_movement_is_told_with_both_stages_or_why_there_is_none(stage: str, told: str, tone: Tone) -> None:
    reception = make_reception(lines=(make_line("Консультация"),), ended_at=MARK)
    fact = movement(stage, reception, StageTable.build(1, {}), False)
    assert fact.rule == "Движение"
    assert told in fact.told
    assert fact.tone is tone
