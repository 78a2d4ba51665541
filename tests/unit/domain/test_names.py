"""Имена: СПЕЦ 2.4.1.4, МАП 2.4, постановление 24."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.names import PersonName, normalize_name, same_person

letters = st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВЯЁabcXYZ- ")
words = st.text(letters, max_size=20)
persons = st.builds(PersonName.of, words, words, words)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("ИВАНОВ", "Иванов"),
        ("иванов", "Иванов"),
        ("иВаНоВ", "Иванов"),
        ("  Иванов  ", "Иванов"),
        ("САЛТЫКОВ-ЩЕДРИН", "Салтыков-Щедрин"),
        ("салтыков‑щедрин", "Салтыков‑Щедрин"),
        ("абдул  керим\tоглы", "Абдул Керим Оглы"),
        ("петрова (иванова)", "Петрова (Иванова)"),
        ("ёлкина", "Ёлкина"),
        ("o'коннор", "O'коннор"),
        ("и\u0306оханнес", "Йоханнес"),
        ("ива\x00нов", "Ива Нов"),
        ("", ""),
        ("   ", ""),
        (None, ""),
    ],
)
def test_name_has_one_form(raw: str | None, normal: str) -> None:
    assert normalize_name(raw) == normal


@given(words)
def test_normal_name_stays_itself(raw: str) -> None:
    once = normalize_name(raw)
    assert normalize_name(once) == once


@given(words)
def test_name_loses_only_spaces_and_case(raw: str) -> None:
    assert normalize_name(raw).lower().split() == raw.lower().split()


@given(words)
def test_name_has_no_extra_spaces(raw: str) -> None:
    name = normalize_name(raw)
    assert "  " not in name
    assert name == name.strip()


@pytest.mark.parametrize(
    ("person", "full"),
    [
        (PersonName.of("иванов", "ИВАН", "иванович"), "Иванов Иван Иванович"),
        (PersonName.of("Петрова", "Мария", None), "Петрова Мария"),
        (PersonName.of("Петрова", "", "Сергеевна"), "Петрова Сергеевна"),
        (PersonName.of(None, None, None), ""),
    ],
)
def test_full_name_has_no_empty_parts(person: PersonName, full: str) -> None:
    assert person.full == full


def test_person_is_hidden_on_print() -> None:
    shown = repr(PersonName("Иванов", "Иван", "Иванович"))
    assert "Иван" not in shown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Иванов", "Иван", "Иванович"), ("ИВАНОВ ", " иван", "Иванович"), True),
        (("Семёнов", "Артём", ""), ("Семенов", "Артем", ""), True),
        (("Иванов", "Иван", "Иванович"), ("Иванов", "Иван", ""), False),
        (("Иванов", "Иван", "Иванович"), ("Иванова", "Анна", "Ивановна"), False),
        (("Иванов", "Иван", "Петрович"), ("Иванов", "Иван", "Иванович"), False),
    ],
)
def test_people_are_compared_by_full_name(one: tuple[str, ...], other: tuple[str, ...], same: bool) -> None:
    assert same_person(PersonName(*one), PersonName(*other)) is same


@given(persons)
def test_everyone_is_same_as_himself_in_any_case(person: PersonName) -> None:
    shouted = PersonName(person.surname.upper(), person.name.upper(), person.patronymic.upper())
    assert same_person(person, shouted)


@given(persons, persons)
def test_comparison_does_not_depend_on_order(one: PersonName, other: PersonName) -> None:
    assert same_person(one, other) == same_person(other, one)
