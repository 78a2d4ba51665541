"""Курсор изменений: СПЕЦ 3.1.3."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from services.domain.cursor import ChangePoint, advance, first_point, resume_point

DATABASE_NOW = datetime(2024, 12, 30, 12, 0)
BEFORE = ChangePoint(DATABASE_NOW - timedelta(minutes=5), 7)
LATER = ChangePoint(DATABASE_NOW - timedelta(minutes=1), 3)
FUTURE = ChangePoint(DATABASE_NOW + timedelta(days=1), 9)
CEILING = ChangePoint(DATABASE_NOW, 0)

moments = st.datetimes(DATABASE_NOW - timedelta(days=2), DATABASE_NOW + timedelta(days=2))
points = st.builds(ChangePoint, moments, st.integers(1, 9))
cursors = st.none() | points
pages = st.lists(points, max_size=6)


def test_first_run_reads_seven_days() -> None:
    """СПЕЦ 3.1.3."""
    assert first_point(DATABASE_NOW, timedelta(days=7)) == ChangePoint(datetime(2024, 12, 23, 12, 0), 0)


def test_next_run_reads_the_overlap_again() -> None:
    assert resume_point(BEFORE, timedelta(minutes=10)) == ChangePoint(BEFORE.at - timedelta(minutes=10), 0)


def test_points_are_ordered_by_time_then_by_number() -> None:
    twin = ChangePoint(BEFORE.at, 8)
    assert sorted([LATER, twin, BEFORE]) == [BEFORE, twin, LATER]


def test_cursor_takes_the_last_seen_change() -> None:
    assert advance(BEFORE, [BEFORE, LATER], DATABASE_NOW) == LATER


def test_cursor_stays_when_only_the_overlap_was_read() -> None:
    assert advance(LATER, [BEFORE], DATABASE_NOW) == LATER
    assert advance(LATER, [], DATABASE_NOW) == LATER


def test_first_cursor_of_a_quiet_database_is_its_time() -> None:
    assert advance(None, [], DATABASE_NOW) == CEILING


def test_change_from_the_future_does_not_hide_the_next_ones() -> None:
    assert advance(BEFORE, [LATER, FUTURE], DATABASE_NOW) == CEILING


def test_cursor_from_the_future_returns_to_the_time_of_the_database() -> None:
    """Часы сервера перевели назад: иначе изменения были бы скрыты, пока время их не догонит."""
    assert advance(FUTURE, [BEFORE], DATABASE_NOW) == CEILING


@given(cursors, pages)
def test_cursor_is_never_beyond_the_time_of_the_database(
    cursor: ChangePoint | None, seen: list[ChangePoint]
) -> None:
    assert advance(cursor, seen, DATABASE_NOW).at <= DATABASE_NOW


@given(points, pages)
def test_cursor_never_goes_back_except_from_the_future(cursor: ChangePoint, seen: list[ChangePoint]) -> None:
    assert advance(cursor, seen, DATABASE_NOW) >= min(cursor, CEILING)


@given(cursors, pages)
def test_cursor_does_not_pass_over_what_was_not_read(
    cursor: ChangePoint | None, seen: list[ChangePoint]
) -> None:
    """Новое положение — прочитанная точка, прежний курсор или время базы."""
    assert advance(cursor, seen, DATABASE_NOW) in {cursor, CEILING, *seen}


def walk(cursor: ChangePoint | None, reading: Sequence[Sequence[ChangePoint]]) -> ChangePoint | None:
    """Возвращает курсор после страниц, прочитанных одна за другой."""
    return reduce(lambda point, page: advance(point, page, DATABASE_NOW), reading, cursor)


@given(cursors, st.lists(points, min_size=1, max_size=12), st.integers(0, 12))
def test_division_into_pages_does_not_matter(
    cursor: ChangePoint | None, seen: list[ChangePoint], cut: int
) -> None:
    parts = [page for page in (seen[:cut], seen[cut:]) if page]
    assert walk(cursor, parts) == advance(cursor, seen, DATABASE_NOW)


def test_a_base_whose_clock_went_back_is_read_from_its_new_time() -> None:
    cursor, now = ChangePoint(datetime(2024, 10, 27, 2, 59), 7), datetime(2024, 10, 27, 2, 1)
    assert resume_point(cursor, timedelta(minutes=10), now).at == datetime(2024, 10, 27, 1, 51)


def test_a_base_whose_clock_goes_on_is_read_from_the_cursor() -> None:
    cursor, now = ChangePoint(datetime(2024, 10, 27, 2, 59), 7), datetime(2024, 10, 27, 3, 5)
    assert resume_point(cursor, timedelta(minutes=10), now) == resume_point(cursor, timedelta(minutes=10))
