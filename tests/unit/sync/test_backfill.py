"""Загрузка прошлого: страница за страницей, прерванная продолжается (ТЗ 3.1.3)."""

from datetime import timedelta

import pytest

from services.sync.backfill import Backfill
from tests.support.scenarios import Office

DAY = timedelta(days=1)


@pytest.fixture
def office() -> Office:
    """Филиал с прошлым в 60 приёмов."""
    office = Office()
    past = office.source.clock - 300 * DAY
    for number in range(1, 61):
        office.book(number, past, plan_start=past + number * timedelta(minutes=1), plan_end=past + DAY)
    return office


@pytest.fixture
def backfill(office: Office) -> Backfill:
    """Загрузка филиала."""
    return Backfill(office.intake, office.source, office.work)


def begin(office: Office, backfill: Backfill) -> None:
    """Начинает загрузку года."""
    backfill.begin(office.source.clock - 365 * DAY, office.source.clock)


def test_nothing_is_loaded_until_it_is_begun(backfill: Backfill) -> None:
    assert backfill.page() == {}


def test_pages_are_queued_one_after_another_without_moving_the_cursor(
    office: Office, backfill: Backfill
) -> None:
    begin(office, backfill)
    assert [len(backfill.page()) for _ in range(3)] == [50, 10, 0]
    progress = office.store.backfills.load("F1")
    assert progress is not None
    assert (progress.read, progress.queued, progress.total, progress.done) == (60, 60, 60, True)
    assert office.cursors.load("F1") is None
    assert backfill.page() == {}


def test_two_at_once_do_not_read_one_page_twice(office: Office, backfill: Backfill) -> None:
    begin(office, backfill)
    with office.locks.hold("backfill:F1", DAY):
        assert backfill.page() == {}
    assert len(backfill.page()) == 50
