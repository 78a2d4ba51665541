"""Сведение ответов баз: одна — её планы, несколько — выбор, сбой не выдаётся за «нет»."""

from typing import Any

import pytest

from services.domain.plan_answers import merged

NOTHING: dict[str, Any] = {"found": "nothing", "patient": None}
FAILURE = {"found": "failure", "message": "База Ident не отвечает"}
STRANGER = {"found": "stranger"}


def patient(number: int) -> dict[str, Any]:
    return {"patient_id": number, "patient_name": "Лунёва Алсу", "card_number": f"К-{number}"}


def plans(number: int, count: int = 1) -> dict[str, Any]:
    return {"found": "plans", "patient": patient(number), "plans": [{}] * count, "plan": {"plan_id": 5}}


def choice(*numbers: int) -> dict[str, Any]:
    return {"found": "choice", "patients": [{**patient(number), "plans": 2} for number in numbers]}


def test_only_base_that_knows_the_patient_answers() -> None:
    answer = merged([("F1", NOTHING), ("F3", plans(7))])
    assert (answer["found"], answer["plan"]) == ("plans", {"plan_id": 5})
    assert answer["patient"] == {
        "patient": "F3_7",
        "branch": "F3",
        "patient_name": "Лунёва Алсу",
        "card_number": "К-7",
    }


def test_patients_of_several_bases_are_chosen_and_never_mixed() -> None:
    answer = merged([("F1", plans(7, 3)), ("F3", choice(7, 8))])
    assert answer["found"] == "choice"
    assert [(one["patient"], one["plans"]) for one in answer["patients"]] == [
        ("F1_7", 3),
        ("F3_7", 2),
        ("F3_8", 2),
    ]
    assert "plan" not in answer


def test_namesakes_of_one_base_stay_a_choice() -> None:
    assert [one["patient"] for one in merged([("F1", choice(1, 2))])["patients"]] == ["F1_1", "F1_2"]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([NOTHING, NOTHING], "nothing"),
        ([NOTHING, FAILURE], "failure"),
        ([STRANGER, NOTHING], "stranger"),
        ([STRANGER, FAILURE], "failure"),
    ],
)
def test_worst_news_wins_when_nobody_found(answers: list[dict[str, Any]], found: str) -> None:
    assert merged([(f"F{number}", one) for number, one in enumerate(answers, start=1)])["found"] == found


def test_patient_without_plans_is_named() -> None:
    answer = merged([("F1", {"found": "nothing", "patient": patient(7)})])
    assert answer["patient"]["patient"] == "F1_7"
