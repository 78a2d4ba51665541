"""Ключ добавленной сущности (СПЕЦ 3.5.2): F1_W17."""

import pytest

from services.domain.entity import EntityKey, is_entity_key, parse_entity_key
from services.domain.errors import SkippableError


@pytest.mark.parametrize(
    ("uid", "key"), [("F1_W17", EntityKey("F1", "W", 17)), ("F20_A9", EntityKey("F20", "A", 9))]
)
def test_key_is_read_and_written_alike(uid: str, key: EntityKey) -> None:
    assert parse_entity_key(uid) == key
    assert str(key) == uid
    assert is_entity_key(uid)


@pytest.mark.parametrize("uid", ["F1_17", "F1_P17", "F0_W17", "F1_W0", "F1_w17", "F1_W17 ", "", "W17"])
def test_key_of_another_kind_is_refused_with_a_reason(uid: str) -> None:
    assert not is_entity_key(uid)
    with pytest.raises(SkippableError) as refusal:
        parse_entity_key(uid)
    assert refusal.value.reason == "bad_uid"
