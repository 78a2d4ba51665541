"""Курсоры, память, замки, ворота, счётчики, загрузки — на fakeredis и на настоящем сервере."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.cursor import ChangePoint
from services.domain.outbox import BackfillProgress, Halt, Link, Rejection
from services.store.backfills import RedisBackfills
from services.store.bundle import Identity, Store
from services.store.cursors import RedisCursors
from services.store.gate import RedisSendGate
from services.store.links import RedisLinks
from services.store.locks import RedisLocks
from services.store.stats import RedisStats
from tests.support.node import eventually

NOW = datetime(2024, 12, 29, 9, 30, tzinfo=UTC)
POINT = ChangePoint(datetime(2024, 12, 29, 12, 0, 0, 123456), 12345)
TTL = timedelta(seconds=30)


@pytest.fixture
def cursors(store: Store) -> RedisCursors:
    """Курсоры."""
    return store.cursors


@pytest.fixture
def links(store: Store) -> RedisLinks:
    """Память о доставленном."""
    return store.links


@pytest.fixture
def locks(store: Store) -> RedisLocks:
    """Замки."""
    return store.locks


@pytest.fixture
def gate(store: Store) -> RedisSendGate:
    """Ворота отправки."""
    return store.gate


@pytest.fixture
def backfills(store: Store) -> RedisBackfills:
    """Ход загрузок прошлого."""
    return store.backfills


@pytest.fixture
def stats(store: Store) -> RedisStats:
    """Счётчики."""
    return store.stats


# --- Курсоры -------------------------------------------------------------------------------------


def test_branch_without_a_cursor_reads_for_the_first_time(cursors: RedisCursors) -> None:
    assert cursors.load("F1") is None


def test_cursor_comes_back_exactly(cursors: RedisCursors) -> None:
    cursors.save("F1", POINT)
    assert cursors.load("F1") == POINT
    assert cursors.load("F2") is None


def test_forgotten_cursor_is_gone(cursors: RedisCursors) -> None:
    cursors.save("F1", POINT)
    cursors.reset("F1")
    cursors.reset("F2")
    assert cursors.load("F1") is None


# --- Память о доставленном -----------------------------------------------------------------------


def test_unknown_records_are_not_in_the_memory(links: RedisLinks) -> None:
    assert links.get([]) == {}
    assert links.get(["F1_1", "F2_1"]) == {}


def test_links_of_several_branches_come_together(links: RedisLinks) -> None:
    links.save("F1_1", Link("отпечаток", 417), NOW)
    links.save("F2_1", Link("другой", None), NOW)
    assert links.get(["F2_1", "F1_1", "F1_2"]) == {
        "F1_1": Link("отпечаток", 417),
        "F2_1": Link("другой", None),
    }


def test_last_link_wins(links: RedisLinks) -> None:
    links.save("F1_1", Link("старый", 1), NOW)
    links.save("F1_1", Link("", None), NOW)
    assert links.get(["F1_1"]) == {"F1_1": Link("", None)}


def test_created_contact_is_remembered_for_a_while(links: RedisLinks) -> None:
    links.remember_contact("оттиск", 12, timedelta(hours=1))
    links.remember_contact("мгновение", 13, timedelta(milliseconds=100))
    assert (links.contact("оттиск"), links.contact("нет")) == (12, None)
    eventually(lambda: links.contact("мгновение") is None, 10)
    assert links.contact("оттиск") == 12


def test_rejections_come_newest_first(links: RedisLinks) -> None:
    rows = [Rejection(f"F1_{n}", "phone_invalid", "исправьте", NOW + timedelta(minutes=n)) for n in (1, 3, 2)]
    for row in rows:
        links.reject(row)
    links.reject(Rejection("F2_1", "phone_invalid", "исправьте", NOW))
    assert [row.uid for row in links.rejections("F1")] == ["F1_3", "F1_2", "F1_1"]
    assert links.rejections("F1")[0] == rows[1]


def test_new_reason_replaces_the_old_one_and_acceptance_removes_it(links: RedisLinks) -> None:
    links.reject(Rejection("F1_1", "phone_invalid", "исправьте", NOW))
    links.reject(Rejection("F1_1", "name_missing", "впишите «имя»", NOW))
    assert [row.reason for row in links.rejections("F1")] == ["name_missing"]
    links.accept(["F1_1"])
    links.accept(["F1_2"])
    assert list(links.rejections("F1")) == []


def test_long_untouched_memory_is_pruned_and_the_rest_is_kept(links: RedisLinks) -> None:
    old, fresh = NOW - timedelta(days=200), NOW - timedelta(days=100)
    links.save("F1_1", Link("старый", 1), old)
    links.save("F1_2", Link("свежий", 2), fresh)
    links.reject(Rejection("F1_3", "phone_invalid", "исправьте", old))
    links.reject(Rejection("F1_4", "phone_invalid", "исправьте", fresh))
    assert links.prune("F1", NOW) == 2
    assert links.get(["F1_1", "F1_2"]) == {"F1_2": Link("свежий", 2)}
    assert [row.uid for row in links.rejections("F1")] == ["F1_4"]
    assert links.prune("F1", NOW) == 0


def test_memory_of_a_record_is_one_for_every_branch_of_its_base(store: Store) -> None:
    links = Store(store.redis, "ident", Identity(databases={"F1": "D1", "F2": "D1"})).links
    links.save("F1_1", Link("отпечаток", 7), NOW)
    links.save("F2_1", Link("другой", 7), NOW)
    assert links.get(["F1_1"]) == {"F1_1": Link("другой", 7)}


def test_reset_forgets_one_branch(links: RedisLinks) -> None:
    for branch in ("F1", "F2"):
        links.save(f"{branch}_1", Link("отпечаток", 1), NOW)
        links.reject(Rejection(f"{branch}_2", "phone_invalid", "исправьте", NOW))
    links.reset("F1")
    assert list(links.get(["F1_1", "F2_1"])) == ["F2_1"]
    assert (len(links.rejections("F1")), len(links.rejections("F2"))) == (0, 1)


# --- Замки ---------------------------------------------------------------------------------------


def test_free_lock_is_taken_and_a_busy_one_is_not(locks: RedisLocks) -> None:
    with (
        locks.hold("приём", TTL) as first,
        locks.hold("приём", TTL) as second,
        locks.hold("другой", TTL) as other,
    ):
        assert first is not None
        assert second is None
        assert other is not None


def test_lock_is_free_after_the_block_even_a_broken_one(locks: RedisLocks) -> None:
    with pytest.raises(RuntimeError), locks.hold("приём", TTL):
        raise RuntimeError
    with locks.hold("приём", TTL) as again:
        assert again is not None


def test_refused_holder_does_not_free_the_lock_of_another(locks: RedisLocks) -> None:
    with locks.hold("приём", TTL):
        with locks.hold("приём", TTL) as refused:
            assert refused is None
        with locks.hold("приём", TTL) as still:
            assert still is None


def test_lock_is_waited_for(locks: RedisLocks) -> None:
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


def test_lock_left_shut_opens_in_its_time(locks: RedisLocks) -> None:
    with locks.hold("приём", TTL) as lease:
        assert lease is not None
        lease.shut(timedelta(milliseconds=300))
    with locks.hold("приём", TTL) as early:
        assert early is None
    with locks.hold("приём", TTL, wait=timedelta(seconds=20)) as later:
        assert later is not None


def test_lock_shut_for_no_time_is_simply_freed(locks: RedisLocks) -> None:
    with locks.hold("приём", TTL) as lease:
        assert lease is not None
        lease.shut(timedelta(seconds=-1))
    with locks.hold("приём", TTL) as again:
        assert again is not None


def test_only_one_of_many_holds_the_lock_at_a_time(locks: RedisLocks) -> None:
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


def test_gate_is_open_at_first(gate: RedisSendGate) -> None:
    assert (gate.halted(), gate.retry_in(NOW)) == (None, None)


def test_first_reason_of_a_halt_stays_until_resume(gate: RedisSendGate) -> None:
    gate.halt(HALT)
    gate.halt(Halt("overload_limit", "REST остановлен", NOW))
    assert gate.halted() == HALT
    gate.resume()
    assert gate.halted() is None


def test_few_breaks_do_not_close_the_gate(gate: RedisSendGate) -> None:
    assert [gate.broke(NOW) for _ in range(4)] == [False] * 4
    assert (gate.retry_in(NOW), gate.blocked_for(NOW)) == (None, None)


def broken(gate: RedisSendGate) -> None:
    """Ломает связь столько раз, чтобы предохранитель открылся."""
    assert [gate.broke(NOW) for _ in range(5)] == [False] * 4 + [True]


def test_breaks_in_a_row_close_the_gate_for_a_while(gate: RedisSendGate) -> None:
    broken(gate)
    moment = NOW + timedelta(seconds=4)
    assert gate.retry_in(moment) == gate.blocked_for(moment) == timedelta(seconds=6)


def test_one_probe_is_let_through_after_the_pause(gate: RedisSendGate) -> None:
    broken(gate)
    moment = NOW + timedelta(seconds=10)
    assert gate.blocked_for(moment) is None
    assert gate.retry_in(moment) is None
    assert gate.retry_in(moment) == timedelta(seconds=30)


def test_failed_probe_makes_the_pause_longer_up_to_a_cycle(gate: RedisSendGate) -> None:
    broken(gate)
    moment, pauses, opened = NOW, [], []
    for _ in range(5):
        moment += timedelta(minutes=3)
        assert gate.retry_in(moment) is None
        opened.append(gate.broke(moment))
        pauses.append(gate.retry_in(moment))
    assert pauses == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 120, 120)]
    assert opened == [False] * 5


def test_echo_of_requests_on_their_way_does_not_lengthen_the_pause(gate: RedisSendGate) -> None:
    for _ in range(50):
        gate.broke(NOW)
    assert gate.retry_in(NOW) == timedelta(seconds=10)


def test_success_clears_the_steps_of_the_pause_too(gate: RedisSendGate) -> None:
    broken(gate)
    later = NOW + timedelta(seconds=10)
    assert gate.retry_in(later) is None
    gate.broke(later)
    gate.succeeded(later)
    assert [gate.broke(later) for _ in range(5)] == [False] * 4 + [True]
    assert gate.retry_in(later) == timedelta(seconds=10)


def test_probe_that_never_reached_the_portal_is_given_back(gate: RedisSendGate) -> None:
    broken(gate)
    moment = NOW + timedelta(seconds=10)
    assert gate.retry_in(moment) is None
    gate.give_back(moment)
    assert gate.retry_in(moment) is None
    assert gate.retry_in(moment) == timedelta(seconds=30)


def test_giving_back_a_probe_nobody_took_changes_nothing(gate: RedisSendGate) -> None:
    gate.give_back(NOW)
    assert gate.retry_in(NOW) is None
    broken(gate)
    gate.give_back(NOW)
    assert gate.retry_in(NOW) == timedelta(seconds=10)


@pytest.mark.parametrize("cure", ["succeeded", "resume"])
def test_success_or_a_person_opens_the_gate(gate: RedisSendGate, cure: str) -> None:
    broken(gate)
    gate.resume() if cure == "resume" else gate.succeeded(NOW)
    assert gate.retry_in(NOW) is None
    gate.broke(NOW)
    assert gate.retry_in(NOW) is None


def test_last_success_is_remembered(gate: RedisSendGate) -> None:
    assert gate.last_success() is None
    gate.succeeded(NOW)
    broken(gate)
    assert gate.last_success() == NOW


# --- Загрузки прошлого ---------------------------------------------------------------------------


def test_backfill_is_remembered_until_it_is_forgotten(backfills: RedisBackfills) -> None:
    progress = BackfillProgress(datetime(2024, 1, 1), datetime(2024, 2, 1), 50, 50, 40, 120)
    assert backfills.load("F1") is None
    backfills.save("F1", progress)
    assert (backfills.load("F1"), backfills.load("F2")) == (progress, None)
    backfills.save("F1", replace(progress, done=True))
    assert backfills.load("F1") == replace(progress, done=True)
    backfills.forget("F1")
    assert backfills.load("F1") is None


# --- Счётчики ------------------------------------------------------------------------------------


def test_pause_keeps_its_first_time_until_it_is_lifted(gate: RedisSendGate) -> None:
    assert gate.paused() is None
    gate.pause(NOW)
    gate.pause(NOW + timedelta(minutes=5))
    assert gate.paused() == NOW
    gate.unpause()
    assert gate.paused() is None


def test_resume_does_not_lift_the_pause(gate: RedisSendGate) -> None:
    gate.pause(NOW)
    gate.resume()
    assert gate.paused() == NOW


def test_hours_the_last_hour_and_the_grand_total_agree(stats: RedisStats) -> None:
    for minutes in (0, 30, 59, 70, 200):
        stats.count("F1", "failed", NOW - timedelta(minutes=minutes))
    stats.add("F1", {"seconds": 1.5, "waited": 4.0, "timed": 1}, NOW)
    hours = stats.hours("F1", NOW - timedelta(hours=3), NOW + timedelta(hours=1))
    assert {hour.hour: events["failed"] for hour, events in hours.items()} == {6: 1.0, 8: 2.0, 9: 2.0}
    assert stats.last_hour("F1", NOW) == {"failed": 3.0, "seconds": 1.5, "waited": 4.0, "timed": 1.0}
    assert stats.grand("F1") == {"failed": 5.0, "seconds": 1.5, "waited": 4.0, "timed": 1.0}


def test_events_are_summed_by_branches(stats: RedisStats) -> None:
    stats.count("F1", "created", NOW)
    stats.count("F1", "created", NOW, 4)
    stats.count("F2", "created", NOW)
    stats.add("F1", {"seconds": 0.5, "waited": 0.0, "timed": 1}, NOW)
    stats.add("F1", {"seconds": 0.25, "waited": 0.0, "timed": 1}, NOW)
    hour = NOW.replace(minute=0)
    assert stats.totals("F1", hour, hour + timedelta(hours=1)) == {
        "created": 5.0,
        "seconds": 0.75,
        "waited": 0.0,
        "timed": 2.0,
    }


def test_only_the_hours_asked_for_are_summed(stats: RedisStats) -> None:
    for hours in range(4):
        stats.count("F1", "read", NOW + timedelta(hours=hours), 10**hours)
    since, until = NOW + timedelta(hours=1), NOW + timedelta(hours=2, minutes=15)
    assert stats.totals("F1", since, until) == {"read": 110.0}
    assert stats.totals("F9", since, until) == {}


def test_zone_of_the_moment_does_not_matter(stats: RedisStats) -> None:
    stats.count("F1", "read", NOW)
    hour = NOW.replace(minute=0).astimezone()
    assert stats.totals("F1", hour, hour + timedelta(hours=1)) == {"read": 1.0}


def test_notes_of_a_branch_are_kept_by_name(stats: RedisStats) -> None:
    stats.note("F1", "last_error", "база недоступна")
    stats.note("F1", "last_error", "")
    stats.note("F1", "outbox", "5")
    assert stats.notes("F1") == {"last_error": "", "outbox": "5"}
    assert stats.notes("F2") == {}
