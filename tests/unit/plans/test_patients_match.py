"""Поиск по ФИО: что считается тем же именем и какими образцами отбираются фамилии."""

import pytest

from services.domain.patients_match import name_from_title, name_key, surname_patterns


@pytest.mark.parametrize(
    "written",
    [
        "Лунёва Алсу Ильинична",
        "ЛУНЁВА АЛСУ ИЛЬИНИЧНА",
        "  лунева   алсу\tильинична ",
        "Лунева Алсу Ильинична",
    ],
)
def test_case_spaces_and_yo_do_not_matter(written: str) -> None:
    assert name_key(written) == "лунева алсу ильинична"


@pytest.mark.parametrize("other", ["Лунёва Алсу", "Лунёва Алла Ильинична", "Лунёв Алсу Ильинична", ""])
def test_other_person_stays_other(other: str) -> None:
    assert name_key(other) != name_key("Лунёва Алсу Ильинична")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Лунёва Алсу Ильинична - 30.12.2024 10:00", "Лунёва Алсу Ильинична"),
        ("ЛУНЁВА алсу - 30.12.2024 10:00", "Лунёва Алсу"),
        ("Салтыкова-Щедрина Анна - 30.12.2024 10:00", "Салтыкова-Щедрина Анна"),
        ("Заявка", "Заявка"),
        (None, ""),
    ],
)
def test_name_is_taken_from_title_before_the_dash(title: str | None, name: str) -> None:
    assert name_from_title(title) == name


def test_surname_patterns_cover_cases_and_yo() -> None:
    patterns = surname_patterns("лунёва алсу")
    assert patterns is not None
    assert (patterns.titled, patterns.upper, patterns.lower) == ("%Лун_ва%", "%ЛУН_ВА%", "%лун_ва%")


@pytest.mark.parametrize("name", ["%", "'; DROP TABLE Persons --", "Ив[а-я]нов", "100%", "a_b"])
def test_like_signs_of_the_question_never_reach_the_pattern(name: str) -> None:
    patterns = surname_patterns(name)
    inner = "" if patterns is None else patterns.titled[1:-1]
    assert not set(inner) & set("%[]^';-")


@pytest.mark.parametrize("name", ["", "   ", "-", "''"])
def test_nothing_to_search_by(name: str) -> None:
    assert surname_patterns(name) is None
