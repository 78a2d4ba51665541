"""Предпросмотр: что видно из закрытого значения (СПЕЦ 3.4.1)."""

import pytest

from services.sync.preview import same_value, shown


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Лунёва Алсу - 30.12.2026 10:30", "Л… А… - 30.12.2026 10:30"),
        ("перезвонить 89161234567", "п… 8…"),
        ("", "—"),
        (None, "—"),
    ],
)
def test_hidden_value_shows_day_and_time_only(value: str | None, told: str) -> None:
    assert shown(value, hide=True) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Терапевт", "Терапевт"),
        (0.0, "0"),
        (3500.0, "3500"),
        ("3500.00", "3500"),
        (99.5, "99.5"),
        ("v1.0", "v1.0"),
    ],
)
def test_open_value_is_whole_and_a_whole_sum_has_no_kopecks(value: object, told: str) -> None:
    assert shown(value, hide=False) == told


def test_number_in_a_hidden_field_stays_hidden() -> None:
    assert shown("3500.00", hide=True) == "3…"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (None, "", True),
        (False, None, True),
        ("сказано", "", False),
        ("", "сказано", False),
        ("3500.00", 3500.0, True),
        ("3500.00", 3501.0, False),
        ("2026-01-01T10:00:00+03:00", "2026-01-01T07:00:00+00:00", True),
        ("Терапевт", "Хирург", False),
    ],
)
def test_values_are_compared_by_their_meaning(before: object, after: object, same: bool) -> None:
    assert same_value(before, after) is same
