"""Загрузка прошлого: страница за страницей, прерванная продолжается (ТЗ 3.1.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.domain.errors import RetriableError
from services.sync.backfill import Backfill
from services.sync.loading import Loading, NodeSilent
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


def loading(office: Office, ask: Callable[[], object]) -> Loading:
    """Возвращает ведение загрузки; ``ask`` — что делает узел, когда его просят о странице."""
    return Loading("F1", office.work, lambda _: void(ask()), office.pauses.append)


def void(_: object) -> None:
    """Отбрасывает ответ."""


def test_loading_is_led_to_its_end_and_forgotten(office: Office, backfill: Backfill) -> None:
    begin(office, backfill)
    steps = [
        (step.progress.read, step.progress.done, step.waits)
        for step in loading(office, backfill.page).steps()
    ]
    assert steps == [(0, False, False), (50, False, False), (60, False, False), (60, True, False)]
    assert office.store.backfills.load("F1") is None
    assert office.pauses == []


@pytest.mark.parametrize(("waiting", "waits"), [(500, False), (501, True)])
def test_past_waits_while_the_queue_is_long(
    office: Office, backfill: Backfill, waiting: int, waits: bool
) -> None:
    begin(office, backfill)
    office.outbox.put([f"F1_{number}" for number in range(1001, 1001 + waiting)], office.clock.now(), DAY)
    steps = loading(office, backfill.page).steps()
    assert not next(steps).waits
    assert next(steps).waits is waits


def test_node_that_takes_no_page_is_named_after_two_minutes(office: Office, backfill: Backfill) -> None:
    begin(office, backfill)
    with pytest.raises(NodeSilent):
        list(loading(office, lambda: None).steps())
    assert sum(office.pauses, timedelta()) == timedelta(minutes=2)


def test_load_that_vanished_with_redis_is_not_begun_anew(office: Office, backfill: Backfill) -> None:
    begin(office, backfill)
    with pytest.raises(RetriableError, match="пропал"):
        list(loading(office, office.redis.flushall).steps())
