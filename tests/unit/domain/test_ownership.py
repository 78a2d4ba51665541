"""Чья сделка: память узла, иначе создатель и телефон; правка полей сделки не даёт ничего."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.ownership import Evidence, Ownership, key_was_cleared, ownership

WEBHOOK, FORMER, COLLEAGUE = 1, 5, 77
OURS = frozenset({WEBHOOK, FORMER})


def deal(deal_id: int, created_by: int | None = WEBHOOK, has_phone: bool = True) -> Evidence:
    """Строит сделку, найденную под ключом записи."""
    return Evidence(deal_id, created_by, has_phone)


@pytest.mark.parametrize(
    ("found", "remembered", "own"),
    [
        pytest.param([], None, None, id="ничего не найдено"),
        pytest.param([deal(10)], 10, 10, id="память связывает именно эти двоих"),
        pytest.param(
            [deal(10, COLLEAGUE, has_phone=False)], 10, 10, id="память сильнее создателя и телефона"
        ),
        pytest.param([deal(9, COLLEAGUE), deal(10)], 10, 10, id="чужая старше, но память знает свою"),
        pytest.param([deal(9), deal(10)], 10, 10, id="и наша прежняя ничего не меняет"),
        pytest.param([deal(10)], None, 10, id="память молчит: наш вебхук и телефон"),
        pytest.param([deal(10, FORMER)], None, 10, id="прежний вебхук тоже наш"),
        pytest.param([deal(10, COLLEAGUE)], None, None, id="заведена сотрудником заранее, телефон верный"),
        pytest.param([deal(10, has_phone=False)], None, None, id="наша сделка другого пациента"),
        pytest.param([deal(10, created_by=None)], None, None, id="создатель неизвестен"),
        pytest.param([deal(12), deal(10), deal(11)], None, 10, id="несколько наших: старшая"),
        pytest.param([deal(5, COLLEAGUE), deal(10)], None, 10, id="чужая старше: старшинство — среди наших"),
        pytest.param([deal(8, has_phone=False), deal(10)], None, 10, id="наша с чужим телефоном не в счёт"),
        pytest.param([deal(11)], 10, 11, id="помним удалённую: её нет, память молчит"),
        pytest.param([deal(11, COLLEAGUE)], 10, None, id="помним удалённую, а под ключом чужая"),
    ],
)
def test_a_deal_belongs_to_a_reception_by_proof(
    found: list[Evidence], remembered: int | None, own: int | None
) -> None:
    decided = ownership(found, remembered, OURS)
    assert decided == Ownership(own, tuple(each for each in found if each.deal_id != own))


deals: Any = st.builds(
    Evidence, st.integers(1, 9), st.sampled_from([None, WEBHOOK, FORMER, COLLEAGUE]), st.booleans()
)
FOUND = st.lists(deals, max_size=5, unique_by=lambda each: each.deal_id)


@given(FOUND, st.none() | st.integers(1, 9))
def test_what_colleagues_made_is_never_taken_unless_the_node_remembers_it(
    found: list[Evidence], remembered: int | None
) -> None:
    own = next((each for each in found if each.deal_id == ownership(found, remembered, OURS).own), None)
    assert own is None or own.deal_id == remembered or (own.created_by in OURS and own.has_phone)


@given(FOUND, st.none() | st.integers(1, 9))
def test_every_deal_is_either_ours_or_foreign(found: list[Evidence], remembered: int | None) -> None:
    decided = ownership(found, remembered, OURS)
    assert {each.deal_id for each in decided.foreign} | ({decided.own} - {None}) == {e.deal_id for e in found}


@pytest.mark.parametrize(
    ("own", "keyed", "cleared"),
    [(10, {10, 11}, False), (10, {11}, True), (10, set(), True), (None, set(), False)],
)
def test_a_cleared_key_is_noticed(own: int | None, keyed: set[int], cleared: bool) -> None:
    """Постановление 35."""
    assert key_was_cleared(own, keyed) is cleared
