"""Предпросмотр: что видно из закрытого значения (СПЕЦ 3.4.1)."""

import pytest

from services.sync.preview import shown


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


def test_open_value_is_whole() -> None:
    assert shown("Терапевт", hide=False) == "Терапевт"
