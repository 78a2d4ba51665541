"""Слова истории записи, до которых случаи целой службы не доходят."""

from decimal import Decimal

import pytest

from services.domain.judgement import Foreign
from services.domain.story import Tone, facts
from tests.factories import make_line, make_reception, make_rules


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
