"""Запись команд пакета: портал обязан прочесть ровно то, что мы написали."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.portal.php import parse_query
from services.bitrix.calls import Call
from services.bitrix.encoding import command, query


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, ""),
        ({"id": 5}, "id=5"),
        ({"filter": {"@ID": [1, 2]}}, "filter%5B%40ID%5D%5B0%5D=1&filter%5B%40ID%5D%5B1%5D=2"),
        ({"a": None, "b": True, "c": False}, "a=&b=1&c=0"),
        ({"sum": 6000.5}, "sum=6000.5"),
        ({"text": "Лечение & уход = 100%"}, "text=" + "%D0%9B%D0%B5%D1%87%D0%B5%D0%BD%D0%B8%D0%B5"
         "%20%26%20%D1%83%D1%85%D0%BE%D0%B4%20%3D%20100%25"),
        ({"phone": "+79161234567"}, "phone=%2B79161234567"),
    ],
)  # fmt: skip
def test_params_are_written_as_php_reads_them(params: dict[str, object], text: str) -> None:
    assert query(params) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [(Call("crm.deal.get", {"id": 7}), "crm.deal.get?id=7"), (Call("profile"), "profile")],
)
def test_command_is_the_method_and_its_params(call: Call, text: str) -> None:
    assert command(call) == text


@pytest.mark.parametrize("value", [Decimal(1), b"bytes", object()])
def test_value_the_portal_cannot_understand_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="портал не поймёт"):
        query({"fields": {"X": value}})


NAMES = st.text("abcXYZ_@>=<%!", min_size=1, max_size=8)
# Удвоенный суррогат в UTF-8 не пишется, а прочие знаки обязаны дойти.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TREES: st.SearchStrategy[Any] = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_portal_reads_back_exactly_what_was_written(params: dict[str, Any]) -> None:
    assert parse_query(query(params)) == params
