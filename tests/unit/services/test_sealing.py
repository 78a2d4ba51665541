"""Печать снимка планов: сотрудник, правящий поле сделки, её не подделает (docs/security.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sealing import SnapshotSeal

SEAL, TEXT = SnapshotSeal(b"key"), '{"v":1,"plans":[{"name":"Санация"}]}'


@given(st.integers(1, 10**9), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_the_node_sealed_it_recognizes(deal_id: int, words: str) -> None:
    written = SEAL.sealed(deal_id, f'{{"v":1,"name":"{words}"}}')
    assert SEAL.fits(deal_id, written)


def test_sealed_text_stays_the_same_json_with_one_more_name() -> None:
    written = SEAL.sealed(7, TEXT)
    assert written.startswith(TEXT[:-1])
    assert len(written) == len(TEXT) + len(',"seal":""') + 88


@pytest.mark.parametrize(
    ("deal_id", "written"),
    [
        (8, SEAL.sealed(7, TEXT)),
        (7, SEAL.sealed(7, TEXT).replace("Санация", "Санацию")),
        (7, SEAL.sealed(7, TEXT) + "\n"),
        (7, SnapshotSeal(b"other").sealed(7, TEXT)),
        (7, TEXT),
        (7, TEXT[:-1] + f',"seal":"{"A" * 86}=="}}'),
        (7, ""),
    ],
    ids=["другая сделка", "правлено", "дописано", "чужой ключ", "без печати", "выдумано", "пусто"],
)
def test_anything_else_is_not_ours(deal_id: int, written: str) -> None:
    assert not SEAL.fits(deal_id, written)


def test_no_snapshot_needs_no_seal() -> None:
    assert SEAL.sealed(7, "") == ""
