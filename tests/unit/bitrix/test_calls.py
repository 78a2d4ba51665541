"""Вызовы и ответы: где нельзя доверять пакету и что видно на печати."""

from typing import Any

import pytest

from services.bitrix.calls import Answer, Call, contains_mark
from services.domain.errors import NetworkError


@pytest.mark.parametrize(
    "value",
    [
        "$result[deal][ID]",
        "итого $RESULT[0]",
        "$results[0]",
        {"fields": {"COMMENTS": "см. $result[a]"}},
        {"fields": [{"VALUE": "$result[a]"}]},
        {"$result[a]": 1},
        ("спокойно", "$result[a]"),
    ],
)
def test_text_the_portal_would_replace_is_noticed(value: object) -> None:
    assert contains_mark(value)


@pytest.mark.parametrize("value", ["result[a]", "$res", "", 5, None, {"a": ["б", 1, True]}, 3.5])
def test_ordinary_values_may_travel_in_a_batch(value: object) -> None:
    assert not contains_mark(value)


def test_print_of_a_call_shows_no_params() -> None:
    assert repr(Call("crm.contact.add", {"fields": {"NAME": "Алсу"}})) == "Call(crm.contact.add)"


@pytest.mark.parametrize(
    ("answer", "text"),
    [(Answer({"NAME": "Алсу"}), "Answer(ok)"), (Answer(error=NetworkError("обрыв")), "Answer(NetworkError)")],
)
def test_print_of_an_answer_shows_no_data(answer: Answer, text: str) -> None:
    assert repr(answer) == text


def test_each_owner_gets_its_own_copy_of_a_shared_error() -> None:
    shared = NetworkError("обрыв", 65.0)
    raised = [raised_by(Answer(error=shared)) for _ in range(2)]
    assert raised[0] is not raised[1]
    assert [(str(error), error.retry_after) for error in raised] == [("обрыв", 65.0)] * 2
    assert shared.__traceback__ is None


def raised_by(answer: Answer) -> Any:
    """Возвращает ошибку, которую поднимает ответ."""
    with pytest.raises(NetworkError) as caught:
        answer.get()
    return caught.value
