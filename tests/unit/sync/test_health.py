"""Признаки здоровья: что страница, тревоги и метрики узнают о филиале из Redis."""

from datetime import timedelta

import pytest

from services.sync.health import Health
from tests.support.scenarios import NOW, Office


@pytest.fixture
def office() -> Office:
    """Филиал с пустой очередью."""
    return Office()


@pytest.fixture
def health(office: Office) -> Health:
    """Признаки двух филиалов; узел ведёт первый."""
    branches = {"F1": ("Первый", "D1"), "F2": ("Второй", "D2")}
    return Health(branches, {"F1"}, office.store, office.clock, list)


def test_watch_begins_once(office: Office, health: Health) -> None:
    assert health.signs().since == NOW
    office.clock.advance(hours=5)
    assert health.signs().since == NOW


def test_branch_of_another_node_is_seen_by_the_trace_it_left(office: Office, health: Health) -> None:
    assert [branch.branch_id for branch in health.signs().branches] == ["F1"]
    office.stats.note("F2", "last_error", "нет связи")
    first, second = health.signs().branches
    assert (first.name, first.database_id, first.last_error) == ("Первый", "D1", "")
    assert (second.name, second.database_id, second.last_error) == ("Второй", "D2", "нет связи")


def test_what_is_known_of_a_branch(office: Office, health: Health) -> None:
    office.stats.note("F1", "last_success", NOW.isoformat())
    office.stats.note("F1", "foreign_key", "сделка 7")
    office.stats.count("F1", "created", NOW)
    office.outbox.put(["F1_1", "F1_2", "F1_3"], NOW, timedelta())
    claim = office.outbox.claim("F1_1", NOW, timedelta(minutes=1))
    assert claim is not None
    office.outbox.fail(claim, NOW, "access_denied", "закрыто")
    (branch,) = health.signs().branches
    assert (branch.waiting, branch.failed) == (2, 1)
    assert (branch.last_success, branch.foreign, branch.hour) == (NOW, "сделка 7", {"created": 1})


def test_pause_is_a_sign_with_its_time(office: Office, health: Health) -> None:
    assert health.signs().pause is None
    office.gate.pause(NOW)
    pause = health.signs().pause
    assert pause is not None
    assert (pause.reason, pause.at) == ("paused", NOW)
