"""Даты: МАП 2.4, 2.6.1, 4.2.2."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.dates import shift_years, title_time, to_iso, too_far_ahead, too_far_back
from tests.factories import ZONE

NOW = datetime(2024, 12, 29, 12, 0, tzinfo=ZONE)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))
offsets = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 12, 30, 10, 0, 0), "2024-12-30T10:00:00+03:00"),
        (datetime(2024, 12, 30, 14, 30, 45), "2024-12-30T14:30:45+03:00"),
        (datetime(2024, 12, 30, 14, 30, 45, 997000), "2024-12-30T14:30:45+03:00"),
    ],
)
def test_time_is_iso_with_offset_to_seconds(moment: datetime, text: str) -> None:
    """МАП 2.6.1, примеры."""
    assert to_iso(moment, ZONE) == text


@pytest.mark.parametrize(("zone", "suffix"), [(UTC, "+00:00"), (timezone(timedelta(hours=5)), "+05:00")])
def test_offset_is_configurable(zone: timezone, suffix: str) -> None:
    assert to_iso(datetime(2024, 12, 30, 10), zone) == f"2024-12-30T10:00:00{suffix}"


@given(moments, offsets)
def test_iso_time_reads_back(moment: datetime, zone: timezone) -> None:
    read = datetime.fromisoformat(to_iso(moment, zone))
    assert read == moment.replace(microsecond=0, tzinfo=zone)


def test_title_time_is_russian() -> None:
    """МАП 2.4."""
    assert title_time(datetime(2024, 1, 5, 9, 0)) == "05.01.2024 09:00"


@pytest.mark.parametrize(
    ("moment", "years", "shifted"),
    [
        (datetime(2024, 2, 29), 1, datetime(2025, 2, 28)),
        (datetime(2024, 2, 29), -10, datetime(2014, 2, 28)),
        (datetime(2024, 2, 29), 4, datetime(2028, 2, 29)),
        (datetime(2024, 3, 1), 1, datetime(2025, 3, 1)),
    ],
)
def test_leap_day_moves_to_the_last_of_february(moment: datetime, years: int, shifted: datetime) -> None:
    assert shift_years(moment, years) == shifted


@pytest.mark.parametrize(
    ("start", "ahead", "back"),
    [
        (datetime(2025, 12, 29, 12, 0), False, False),
        (datetime(2025, 12, 29, 12, 1), True, False),
        (datetime(2014, 12, 29, 12, 0), False, False),
        (datetime(2014, 12, 29, 11, 59), False, True),
    ],
)
def test_limits_are_a_year_ahead_and_ten_back(start: datetime, ahead: bool, back: bool) -> None:
    """МАП 4.2.2."""
    assert too_far_ahead(start, NOW, ZONE) is ahead
    assert too_far_back(start, NOW, ZONE) is back


def test_limit_counts_in_the_zone_of_the_database() -> None:
    now_in_utc = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
    assert not too_far_ahead(datetime(2025, 12, 29, 12, 0), now_in_utc, ZONE)
    assert too_far_ahead(datetime(2025, 12, 29, 12, 1), now_in_utc, ZONE)
