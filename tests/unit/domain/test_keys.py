"""Ключ записи: приём, планы пациента, добавленная сущность (СПЕЦ 2.4.2, 3.5.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import SkippableError
from services.domain.keys import RecordKey, parse_key, parse_uid

KEYS = {
    "F1_12345": RecordKey(1, "", 12345),
    "F12_P345": RecordKey(12, "P", 345),
    "F20_W9": RecordKey(20, "W", 9),
}


FOREIGN = (
    *(
        "",
        "12345",
        "F1",
        "F1_",
        "F0_1",
        "F1_0",
        "F01_1",
        "f1_1",
        "F1_1\n",
        " F1_1",
        "F1_-1",
        "F1_1_1",
        "F1_١",
    ),
    *("F0_W17", "F1_W0", "F1_w17", "F1_W17 ", "W17", "F1_P017", "F1_WW1", "F1_Ж1", "F1_١"),
)


@pytest.mark.parametrize(("text", "key"), KEYS.items())
def test_key_has_the_form_of_the_specification(text: str, key: RecordKey) -> None:
    assert parse_key(text) == key
    assert (str(key), key.branch_id) == (text, text.partition("_")[0])


@given(st.integers(1, 9999), st.sampled_from(["", "P", "W"]), st.integers(1, 10**18))
def test_key_reads_back(branch: int, letter: str, number: int) -> None:
    key = RecordKey(branch, letter, number)
    assert parse_key(str(key)) == key


@pytest.mark.parametrize("text", FOREIGN)
def test_foreign_key_is_refused(text: str) -> None:
    with pytest.raises(SkippableError, match="не похож на F1_12345") as caught:
        parse_key(text)
    assert caught.value.reason == "bad_uid"


@pytest.mark.parametrize("text", ["F1_P17", "F1_W17"])
def test_key_of_another_kind_is_no_reception(text: str) -> None:
    with pytest.raises(SkippableError, match=text) as caught:
        parse_uid(text)
    assert caught.value.reason == "bad_uid"
    assert parse_uid("F1_17") == RecordKey(1, "", 17)
