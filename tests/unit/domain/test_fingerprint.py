"""Отпечаток состояния: изменилась ли сделка."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.fingerprint import (
    draft_fingerprint,
    failed_mark,
    fingerprint,
    is_settled,
    refusal_fingerprint,
)
from services.domain.validation import Violation
from tests.factories import MARK, make_draft, make_line, make_plan_line

scalars = st.one_of(st.text(max_size=10), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
mappings = st.dictionaries(st.text(max_size=5), scalars, max_size=6)
ENDED = Violation("end_before_start", "plan_end", "Время окончания должно быть позже времени начала")
PHONE = Violation("phone_missing", "phone", "Телефон не заполнен")


@given(mappings)
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


@given(mappings)
def test_trip_through_json_does_not_matter(value: dict[str, object]) -> None:
    assert fingerprint(json.loads(json.dumps(value))) == fingerprint(value)


@given(st.lists(scalars, max_size=5), st.lists(scalars, max_size=5))
def test_fingerprints_are_equal_exactly_for_equal_values(one: list[object], other: list[object]) -> None:
    assert (fingerprint(one) == fingerprint(other)) is (json.dumps(one) == json.dumps(other))


def test_fingerprint_is_the_same_in_every_process() -> None:
    """Отпечатки живут в Redis дольше процесса: значение закреплено."""
    assert fingerprint({"б": [1, 2.5, "я"], "a": ""}) == "5764e2d9558c01aab85f33d50e22cae0"


def test_unchanged_reception_keeps_its_fingerprint() -> None:
    assert draft_fingerprint(make_draft()) == draft_fingerprint(make_draft())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"surname": "Сидоров"}, id="фамилия"),
        pytest.param({"phone": "89031234567"}, id="телефон"),
        pytest.param({"plan_end": MARK}, id="время: постановление 4"),
        pytest.param({"doctor_surname": "Кузнецова"}, id="врач: постановление 4"),
        pytest.param({"lines": (make_line(), make_line("Снимок"))}, id="услуги"),
        pytest.param({"lines": (make_line(discount=make_line().price),)}, id="сумма"),
        pytest.param({"comment": "Перезвонить"}, id="комментарий"),
        pytest.param({"appeared_at": MARK}, id="отметка"),
        pytest.param({"check_issued_at": MARK}, id="счёт"),
        pytest.param({"canceled_at": MARK}, id="отмена"),
        pytest.param({"plan_lines": (make_plan_line(),)}, id="план: меняется только стадия"),
    ],
)
def test_any_change_of_the_deal_changes_the_fingerprint(changes: dict[str, object]) -> None:
    assert draft_fingerprint(make_draft(**changes)) != draft_fingerprint(make_draft())


@pytest.mark.parametrize("changes", [{"phone": "8 (916) 1234567"}, {"surname": " ИВАНОВ"}, {"comment": "  "}])
def test_change_that_the_portal_would_not_see_changes_nothing(changes: dict[str, object]) -> None:
    assert draft_fingerprint(make_draft(**changes)) == draft_fingerprint(make_draft())


def test_refusal_is_told_by_its_violations() -> None:
    prints = {refusal_fingerprint(found) for found in ([ENDED], [PHONE], [ENDED, PHONE])}
    assert len(prints) == 3
    assert refusal_fingerprint([ENDED]) == refusal_fingerprint((ENDED,))


def test_a_refused_state_is_not_taken_for_a_delivered_one() -> None:
    assert not is_settled(failed_mark("abc"))
    assert not is_settled("")
    assert is_settled("abc")
