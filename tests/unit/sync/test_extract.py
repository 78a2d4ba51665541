"""Выборка: изменения страницами в очередь, курсор — после них (СПЕЦ 3.1.2–3.1.3)."""

from datetime import datetime, timedelta

import pytest

from services.domain.cursor import ChangePage, ChangePoint
from services.domain.errors import DatabaseError, DatabaseResting
from tests.fakes_ident import FakeSource
from tests.support.scenarios import Office

HOUR = timedelta(hours=1)


@pytest.fixture
def office() -> Office:
    """Филиал."""
    return Office()


def extracted(office: Office) -> list[list[str]]:
    """Возвращает пакеты подсказок."""
    return [list(packet) for packet in office.extract.packets()]


def now(office: Office) -> datetime:
    """Возвращает время базы."""
    return office.source.clock


def test_changed_receptions_are_queued_and_hinted(office: Office) -> None:
    office.book(2)
    office.book(1)
    assert extracted(office) == [["F1_1", "F1_2"]]
    assert [entry.uid for entry in office.outbox.entries("F1")] == ["F1_1", "F1_2"]


def test_first_run_reads_the_last_seven_days_with_longer_pauses(office: Office) -> None:
    office.book(1, now(office) - timedelta(days=7, seconds=1))
    office.book(2, now(office) - timedelta(days=7))
    assert extracted(office) == [["F1_2"]]
    assert office.pauses == [office.settings.sync.first_run_pause]


def test_next_run_starts_from_the_cursor_with_an_overlap(office: Office) -> None:
    office.cursors.save("F1", ChangePoint(now(office) - HOUR, 7))
    office.book(1, now(office) - HOUR - timedelta(minutes=11))
    office.book(2, now(office) - HOUR - timedelta(minutes=9))
    assert extracted(office) == [["F1_2"]]
    assert office.pauses == []
    assert office.cursors.load("F1") == ChangePoint(now(office) - HOUR, 7)


def test_overlap_costs_nothing_when_nothing_changed(office: Office) -> None:
    office.delivered()
    assert extracted(office) == [[]]
    assert office.outbox.size("F1") == 0


def test_cursor_stands_on_the_last_change_read(office: Office) -> None:
    office.book(1, now(office) - HOUR)
    extracted(office)
    assert office.cursors.load("F1") == ChangePoint(now(office) - HOUR, 1)


def test_first_run_on_an_empty_base_is_not_first_again(office: Office) -> None:
    assert extracted(office) == []
    assert office.cursors.load("F1") == ChangePoint(now(office), 0)
    office.book(1)
    assert extracted(office) == [["F1_1"]]
    assert office.pauses == []


def test_mark_from_the_future_does_not_hide_the_next_changes(office: Office) -> None:
    office.book(1, now(office) + timedelta(days=300))
    extracted(office)
    assert office.cursors.load("F1") == ChangePoint(now(office), 0)


def test_pages_hold_fifty_and_more_than_two_hundred_rest_a_second_between_packets(office: Office) -> None:
    office.cursors.save("F1", ChangePoint(now(office) - HOUR, 0))
    for number in range(1, 321):
        office.book(number)
    assert [len(packet) for packet in extracted(office)] == [50, 50, 50, 50, 50, 50, 20]
    assert office.pauses == [office.settings.sync.packet_pause] * 3


@pytest.mark.parametrize(("hinting", "rest"), [(0.4, 0.6), (1.0, 0.0), (7.0, 0.0), (-3600.0, 1.0)])
def test_time_of_handing_out_hints_is_part_of_the_rest(office: Office, hinting: float, rest: float) -> None:
    """База отдыхает между пакетами секунду, а не секунду сверх рассылки; переведённые часы её не удлинят."""
    office.cursors.save("F1", ChangePoint(now(office) - HOUR, 0))
    for number in range(1, 251):
        office.book(number)
    for _ in office.extract.packets():
        office.clock.advance(seconds=hinting)
    assert office.pauses == [timedelta(seconds=rest)]


def test_killed_between_page_and_hint_loses_nothing(office: Office) -> None:
    office.book(1)
    packets = office.extract.packets()
    next(packets)
    packets.close()
    office.clock.advance(minutes=3)
    assert list(office.redrive.due()) == ["F1_1"]


def test_killed_before_the_cursor_reads_the_page_again(office: Office) -> None:
    office.book(1)
    office.outbox.put(["F1_1"], office.clock.now(), HOUR)
    assert office.cursors.load("F1") is None
    assert extracted(office) == [[]]
    assert office.outbox.size("F1") == 1


def test_only_one_extract_of_a_branch_runs_at_a_time(office: Office) -> None:
    office.book(1)
    with office.locks.hold("extract:F1", HOUR):
        assert extracted(office) == []
    assert office.journal.names == ["extract_busy"]


def test_lost_lock_ends_the_run_quietly_after_its_page(office: Office) -> None:
    for number in range(1, 61):
        office.book(number)
    packets = office.extract.packets()
    assert len(next(packets)) == 50
    office.lose_locks()
    assert list(packets) == []
    assert "extract_finished" not in office.journal.names
    assert office.cursors.load("F1") == ChangePoint(now(office), 50)


def test_broken_database_is_noted_and_moves_nothing(office: Office) -> None:
    office.source.failure = DatabaseError("база не отвечает")
    with pytest.raises(DatabaseError):
        extracted(office)
    assert office.stats.notes("F1")["last_error"] == "база не отвечает"
    assert (office.counted("database_errors"), office.cursors.load("F1")) == (1, None)


def test_resting_database_is_not_noted_again(office: Office) -> None:
    office.stats.note("F1", "last_error", "база не отвечает")
    office.source.failure = DatabaseResting("база отдыхает", 30.0)
    with pytest.raises(DatabaseResting):
        extracted(office)
    assert (office.journal.names, office.counted("database_errors")) == ([], 0)
    assert office.stats.notes("F1")["last_error"] == "база не отвечает"


def test_base_lost_to_another_first_is_noted_by_the_extract(office: Office) -> None:
    office.source.failure = DatabaseResting("база не отвечает; следующая попытка через 10 с", 10.0)
    with pytest.raises(DatabaseResting):
        extracted(office)
    assert office.journal.names == ["extract_failed"]
    assert office.stats.notes("F1")["last_error"].startswith("база не отвечает")


def test_pause_of_the_administrator_reads_nothing(office: Office) -> None:
    office.book()
    office.gate.pause(office.clock.now())
    assert extracted(office) == []
    assert (office.journal.names, office.cursors.load("F1")) == (["extract_paused"], None)


def test_database_broken_in_the_middle_keeps_what_was_read(office: Office) -> None:
    for number in range(1, 61):
        office.book(number)
    packets = office.extract.packets()
    assert len(next(packets)) == 50
    office.source.failure = DatabaseError("база не отвечает")
    with pytest.raises(DatabaseError):
        next(packets)
    assert office.cursors.load("F1") == ChangePoint(now(office), 50)
    office.source.failure = None
    assert extracted(office)[-1][-1] == "F1_60"


def test_finished_run_is_noted(office: Office) -> None:
    office.book(1)
    extracted(office)
    assert office.stats.notes("F1") == {"last_success": office.clock.now().isoformat(), "last_error": ""}
    assert office.journal.fields("extract_finished") == {"branch": "F1", "queued": 1}


def test_server_that_repeats_one_page_does_not_hold_the_run_for_ever(office: Office) -> None:
    class Stuck(FakeSource):
        def changed_after(self, point: ChangePoint) -> ChangePage:
            return ChangePage([ChangePoint(self.clock - HOUR, 1)], self.clock)

    office.book(1)
    stuck = Stuck(now(office))
    stuck.put(office.reception(1))
    office.feed.source = stuck
    assert extracted(office) == [["F1_1"], []]
