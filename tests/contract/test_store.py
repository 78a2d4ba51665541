"""Договоры Cursors, Links, Locks, SendGate, Stats, Backfills: Redis и подделки ведут себя одинаково."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.cursor import ChangePoint
from services.ports import (
    BackfillProgress,
    Backfills,
    Cursors,
    Halt,
    Link,
    Links,
    Locks,
    Rejection,
    SendGate,
    Stats,
)
from tests.fakes_store import FakeBackfills, FakeCursors, FakeLinks, FakeLocks, FakeSendGate, FakeStats
from tests.support.node import eventually

NOW = datetime(2024, 12, 29, 9, 30, tzinfo=UTC)
POINT = ChangePoint(datetime(2024, 12, 29, 12, 0, 0, 123456), 12345)
TTL = timedelta(seconds=30)


def made(kind: type, name: str, backend: str, request: pytest.FixtureRequest) -> Any:
    """Возвращает подделку или часть хранилища на Redis."""
    return kind() if backend == "подделка" else getattr(request.getfixturevalue("store"), name)


@pytest.fixture
def cursors(backend: str, request: pytest.FixtureRequest) -> Cursors:
    """Курсоры."""
    return made(FakeCursors, "cursors", backend, request)  # type: ignore[no-any-return]


@pytest.fixture
def links(backend: str, request: pytest.FixtureRequest) -> Links:
    """Память о доставленном."""
    return made(FakeLinks, "links", backend, request)  # type: ignore[no-any-return]


@pytest.fixture
def locks(backend: str, request: pytest.FixtureRequest) -> Locks:
    """Замки."""
    return made(FakeLocks, "locks", backend, request)  # type: ignore[no-any-return]


@pytest.fixture
def gate(backend: str, request: pytest.FixtureRequest) -> SendGate:
    """Ворота отправки."""
    return made(FakeSendGate, "gate", backend, request)  # type: ignore[no-any-return]


@pytest.fixture
def backfills(backend: str, request: pytest.FixtureRequest) -> Backfills:
    """Ход загрузок прошлого."""
    return made(FakeBackfills, "backfills", backend, request)  # type: ignore[no-any-return]


@pytest.fixture
def stats(backend: str, request: pytest.FixtureRequest) -> Stats:
    """Счётчики."""
    return made(FakeStats, "stats", backend, request)  # type: ignore[no-any-return]


# --- Курсоры -------------------------------------------------------------------------------------


def test_branch_without_a_cursor_reads_for_the_first_time(cursors: Cursors) -> None:
    assert cursors.load("F1") is None


def test_cursor_comes_back_exactly(cursors: Cursors) -> None:
    cursors.save("F1", POINT)
    assert cursors.load("F1") == POINT
    assert cursors.load("F2") is None


def test_forgotten_cursor_is_gone(cursors: Cursors) -> None:
    cursors.save("F1", POINT)
    cursors.reset("F1")
    cursors.reset("F2")
    assert cursors.load("F1") is None


# --- Память о доставленном -----------------------------------------------------------------------


def test_unknown_records_are_not_in_the_memory(links: Links) -> None:
    assert links.get([]) == {}
    assert links.get(["F1_1", "F2_1"]) == {}


def test_links_of_several_branches_come_together(links: Links) -> None:
    links.save("F1_1", Link("отпечаток", 417))
    links.save("F2_1", Link("другой", None))
    assert links.get(["F2_1", "F1_1", "F1_2"]) == {
        "F1_1": Link("отпечаток", 417),
        "F2_1": Link("другой", None),
    }


def test_last_link_wins(links: Links) -> None:
    links.save("F1_1", Link("старый", 1))
    links.save("F1_1", Link("", None))
    assert links.get(["F1_1"]) == {"F1_1": Link("", None)}


def test_created_contact_is_remembered_for_a_while(links: Links) -> None:
    links.remember_contact("оттиск", 12, timedelta(hours=1))
    links.remember_contact("мгновение", 13, timedelta(milliseconds=100))
    assert (links.contact("оттиск"), links.contact("нет")) == (12, None)
    eventually(lambda: links.contact("мгновение") is None, 10)
    assert links.contact("оттиск") == 12


def test_rejections_come_newest_first(links: Links) -> None:
    rows = [Rejection(f"F1_{n}", "phone_invalid", "исправьте", NOW + timedelta(minutes=n)) for n in (1, 3, 2)]
    for row in rows:
        links.reject(row)
    links.reject(Rejection("F2_1", "phone_invalid", "исправьте", NOW))
    assert [row.uid for row in links.rejections("F1")] == ["F1_3", "F1_2", "F1_1"]
    assert links.rejections("F1")[0] == rows[1]


def test_new_reason_replaces_the_old_one_and_acceptance_removes_it(links: Links) -> None:
    links.reject(Rejection("F1_1", "phone_invalid", "исправьте", NOW))
    links.reject(Rejection("F1_1", "name_missing", "впишите «имя»", NOW))
    assert [row.reason for row in links.rejections("F1")] == ["name_missing"]
    links.accept("F1_1")
    links.accept("F1_2")
    assert list(links.rejections("F1")) == []


def test_reset_forgets_one_branch(links: Links) -> None:
    for branch in ("F1", "F2"):
        links.save(f"{branch}_1", Link("отпечаток", 1))
        links.reject(Rejection(f"{branch}_2", "phone_invalid", "исправьте", NOW))
    links.reset("F1")
    assert list(links.get(["F1_1", "F2_1"])) == ["F2_1"]
    assert (len(links.rejections("F1")), len(links.rejections("F2"))) == (0, 1)


# --- Замки ---------------------------------------------------------------------------------------


def test_free_lock_is_taken_and_a_busy_one_is_not(locks: Locks) -> None:
    with (
        locks.hold("приём", TTL) as first,
        locks.hold("приём", TTL) as second,
        locks.hold("другой", TTL) as other,
    ):
        assert first is not None
        assert second is None
        assert other is not None


def test_lock_is_free_after_the_block_even_a_broken_one(locks: Locks) -> None:
    with pytest.raises(RuntimeError), locks.hold("приём", TTL):
        raise RuntimeError
    with locks.hold("приём", TTL) as again:
        assert again is not None


def test_refused_holder_does_not_free_the_lock_of_another(locks: Locks) -> None:
    with locks.hold("приём", TTL):
        with locks.hold("приём", TTL) as refused:
            assert refused is None
        with locks.hold("приём", TTL) as still:
            assert still is None


def test_lock_is_waited_for(locks: Locks) -> None:
    taken, done = threading.Event(), threading.Event()

    def owner() -> None:
        with locks.hold("приём", TTL):
            taken.set()
            done.wait(10)

    thread = threading.Thread(target=owner)
    thread.start()
    taken.wait(10)
    threading.Timer(0.1, done.set).start()
    with locks.hold("приём", TTL, wait=timedelta(seconds=20)) as lease:
        assert lease is not None
        assert done.is_set()
    thread.join()


def test_living_owner_keeps_the_lock_longer_than_its_term(locks: Locks) -> None:
    with locks.hold("приём", timedelta(milliseconds=150)) as lease:
        with locks.hold("приём", TTL, wait=timedelta(milliseconds=450)) as other:
            assert other is None
        assert lease is not None
        assert lease.extend() is True


def test_lock_lingers_after_an_unclear_outcome(locks: Locks) -> None:
    with locks.hold("приём", TTL) as lease:
        assert lease is not None
        lease.linger(timedelta(milliseconds=300))
    with locks.hold("приём", TTL) as early:
        assert early is None
    with locks.hold("приём", TTL, wait=timedelta(seconds=20)) as later:
        assert later is not None


def test_only_one_of_many_holds_the_lock_at_a_time(locks: Locks) -> None:
    inside, most, guard = [0], [0], threading.Lock()

    def work() -> None:
        with locks.hold("приём", TTL, wait=timedelta(seconds=30)) as lease:
            assert lease is not None
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with guard:
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


# --- Ворота отправки -----------------------------------------------------------------------------

HALT = Halt("unauthorized", "вебхук не принят", NOW)


def test_gate_is_open_at_first(gate: SendGate) -> None:
    assert (gate.halted(), gate.retry_in(NOW)) == (None, None)


def test_first_reason_of_a_halt_stays_until_resume(gate: SendGate) -> None:
    gate.halt(HALT)
    gate.halt(Halt("overload_limit", "REST остановлен", NOW))
    assert gate.halted() == HALT
    gate.resume()
    assert gate.halted() is None


def test_few_breaks_do_not_close_the_gate(gate: SendGate) -> None:
    assert [gate.broke(NOW) for _ in range(4)] == [False] * 4
    assert (gate.retry_in(NOW), gate.blocked_for(NOW)) == (None, None)


def broken(gate: SendGate) -> None:
    """Ломает связь столько раз, чтобы предохранитель открылся."""
    assert [gate.broke(NOW) for _ in range(5)] == [False] * 4 + [True]


def test_breaks_in_a_row_close_the_gate_for_a_while(gate: SendGate) -> None:
    broken(gate)
    moment = NOW + timedelta(seconds=4)
    assert gate.retry_in(moment) == gate.blocked_for(moment) == timedelta(seconds=6)


def test_one_probe_is_let_through_after_the_pause(gate: SendGate) -> None:
    broken(gate)
    moment = NOW + timedelta(seconds=10)
    assert gate.blocked_for(moment) is None
    assert gate.retry_in(moment) is None
    assert gate.retry_in(moment) == timedelta(seconds=30)


def test_failed_probe_makes_the_pause_longer_up_to_a_cycle(gate: SendGate) -> None:
    broken(gate)
    moment, pauses, opened = NOW, [], []
    for _ in range(5):
        moment += timedelta(minutes=3)
        assert gate.retry_in(moment) is None
        opened.append(gate.broke(moment))
        pauses.append(gate.retry_in(moment))
    assert pauses == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 120, 120)]
    assert opened == [False] * 5


def test_echo_of_requests_on_their_way_does_not_lengthen_the_pause(gate: SendGate) -> None:
    for _ in range(50):
        gate.broke(NOW)
    assert gate.retry_in(NOW) == timedelta(seconds=10)


@pytest.mark.parametrize("cure", ["succeeded", "resume"])
def test_success_or_a_person_opens_the_gate(gate: SendGate, cure: str) -> None:
    broken(gate)
    gate.resume() if cure == "resume" else gate.succeeded(NOW)
    assert gate.retry_in(NOW) is None
    gate.broke(NOW)
    assert gate.retry_in(NOW) is None


def test_last_success_is_remembered(gate: SendGate) -> None:
    assert gate.last_success() is None
    gate.succeeded(NOW)
    broken(gate)
    assert gate.last_success() == NOW


# --- Загрузки прошлого ---------------------------------------------------------------------------


def test_backfill_is_remembered_until_it_is_forgotten(backfills: Backfills) -> None:
    progress = BackfillProgress(datetime(2024, 1, 1), datetime(2024, 2, 1), 50, 50, 40, 120)
    assert backfills.load("F1") is None
    backfills.save("F1", progress)
    assert (backfills.load("F1"), backfills.load("F2")) == (progress, None)
    backfills.save("F1", replace(progress, done=True))
    assert backfills.load("F1") == replace(progress, done=True)
    backfills.forget("F1")
    assert backfills.load("F1") is None


# --- Счётчики ------------------------------------------------------------------------------------


def test_events_are_summed_by_branches(stats: Stats) -> None:
    stats.count("F1", "created", NOW)
    stats.count("F1", "created", NOW, 4)
    stats.count("F2", "created", NOW)
    stats.took("F1", 0.5, NOW)
    stats.took("F1", 0.25, NOW)
    hour = NOW.replace(minute=0)
    assert stats.totals("F1", hour, hour + timedelta(hours=1)) == {
        "created": 5.0,
        "seconds": 0.75,
        "timed": 2.0,
    }


def test_only_the_hours_asked_for_are_summed(stats: Stats) -> None:
    for hours in range(4):
        stats.count("F1", "read", NOW + timedelta(hours=hours), 10**hours)
    since, until = NOW + timedelta(hours=1), NOW + timedelta(hours=2, minutes=15)
    assert stats.totals("F1", since, until) == {"read": 110.0}
    assert stats.totals("F9", since, until) == {}


def test_zone_of_the_moment_does_not_matter(stats: Stats) -> None:
    stats.count("F1", "read", NOW)
    hour = NOW.replace(minute=0).astimezone()
    assert stats.totals("F1", hour, hour + timedelta(hours=1)) == {"read": 1.0}


def test_notes_of_a_branch_are_kept_by_name(stats: Stats) -> None:
    stats.note("F1", "last_error", "база недоступна")
    stats.note("F1", "last_error", "")
    stats.note("F1", "outbox", "5")
    assert stats.notes("F1") == {"last_error": "", "outbox": "5"}
    assert stats.notes("F2") == {}
