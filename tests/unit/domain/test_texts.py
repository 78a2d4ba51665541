"""Тексты из Ident: СПЕЦ 2.4.1.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.texts import line, paragraph


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        ("  Кабинет   3 ", "Кабинет 3"),
        ("Кабинет\r\n3", "Кабинет 3"),
        ("Кабинет\x003", "Кабинет 3"),
        ("\ud83d 3", "3"),
    ],
)
def test_line_is_a_single_clean_line(raw: str | None, text: str) -> None:
    assert line(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        (" Первая\r\nвторая\rтретья\n\n", "Первая\nвторая\nтретья"),
        ("Отступ:\tда   да", "Отступ:\tда   да"),
        ("До\x07сле\x0bпосле\x7f", "Дослепосле"),
        ("Ура 🎉 👨‍👩‍👧", "Ура 🎉 👨‍👩‍👧"),
    ],
)
def test_paragraph_keeps_lines_and_drops_control_signs(raw: str | None, text: str) -> None:
    assert paragraph(raw) == text


@given(st.text())
def test_clean_text_stays_itself(raw: str) -> None:
    assert line(line(raw)) == line(raw)
    assert paragraph(paragraph(raw)) == paragraph(raw)


@given(st.text(st.characters()))
def test_clean_text_always_fits_utf8(raw: str) -> None:
    """Одинокая половина суррогатной пары сорвала бы разбор JSON на портале."""
    assert (line(raw) + paragraph(raw)).encode().decode() == line(raw) + paragraph(raw)
