"""Тексты из Ident: СПЕЦ 2.4.1.4."""

import sys
from unicodedata import category, name

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.texts import line, paragraph

#: Cf, которые рисуются: знаки чисел и начала строк.
DRAWN = {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}
#: Всё, что может ужиться или поссориться с чисткой, рядом с любыми знаками.
MEDDLERS = (
    st.sampled_from("а\u0306и ❤🎉👨\ufe0f\u200d\u200b\u00ad\ud83d\udc68\x85\u2028\r\n") | st.characters()
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        ("  Кабинет   3 ", "Кабинет 3"),
        ("Кабинет\r\n3", "Кабинет 3"),
        ("Кабинет\x003", "Кабинет 3"),
        ("\ud83d 3", "3"),
        ("Кон\u00adсуль\u200bтация\ufeff", "Консультация"),
        ("\u200b\u2060\u3164\u2800\ufe0f\U000e0041", ""),
        ("Ме\u200bи\u0306", "Мей"),
        ("Глеб\x85Ива\x9bнов\u2028", "Глеб Ива нов"),
        ("Лечение 🦷\u200b", "Лечение 🦷"),
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
        ("Ура 🎉 👨‍👩‍👧 ❤️", "Ура 🎉 👨‍👩‍👧 ❤️"),
        ("Ура\u200d\ufe0f!", "Ура!"),
        ("раз\u2028два\x85три\u200b", "раз\nдва\nтри"),
    ],
)
def test_paragraph_keeps_lines_and_drops_control_signs(raw: str | None, text: str) -> None:
    assert paragraph(raw) == text


def test_every_ignorable_format_sign_is_invisible() -> None:
    """Знаки вида Cf не видны, кроме стоящих перед числами арабских и сирийских (они рисуются)."""
    formats = (chr(code) for code in range(sys.maxunicode + 1) if category(chr(code)) == "Cf")
    shown = [sign for sign in formats if line(f"а{sign}б") != "аб"]
    assert [f"{ord(sign):x}" for sign in shown if name(sign).split()[0] not in DRAWN] == []


@given(st.text(MEDDLERS))
def test_clean_text_stays_itself(raw: str) -> None:
    assert line(line(raw)) == line(raw)
    assert paragraph(paragraph(raw)) == paragraph(raw)


@given(st.text(MEDDLERS))
def test_clean_text_always_fits_utf8(raw: str) -> None:
    """Одинокая половина суррогатной пары сорвала бы разбор JSON на портале."""
    assert (line(raw) + paragraph(raw)).encode().decode() == line(raw) + paragraph(raw)
