"""Очередь отправки: каждый переход — на fakeredis и на настоящем сервере (docs/at_least_once.md)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from services.domain.errors import Family
from services.domain.outbox import Claim, Doubt, EntryState, Permit, Unclear
from services.store.bundle import Identity, Store
from services.store.keys import Keys
from services.store.outbox import WORKER_LOST, RedisOutbox
from services.store.scripts import SCRIPTS
from tests.support.state import fresh_redis

NOW = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
HINT, LEASE, TTL = timedelta(minutes=2), timedelta(seconds=100), timedelta(seconds=60)
UID = "F1_1"


@pytest.fixture
def outbox(store: Store) -> RedisOutbox:
    """Пустая очередь."""
    return store.outbox


def after(**passed: float) -> datetime:
    """Возвращает время спустя."""
    return NOW + timedelta(**passed)


def claimed(outbox: RedisOutbox, uid: str = UID, now: datetime = NOW) -> Claim:
    """Берёт запись, которая обязана даться."""
    claim = outbox.claim(uid, now, LEASE)
    assert claim is not None
    return claim


def queued(outbox: RedisOutbox, uid: str = UID) -> Claim:
    """Ставит запись и берёт её."""
    outbox.put([uid], NOW, HINT)
    return claimed(outbox, uid)


def held(outbox: RedisOutbox, claim: Claim, now: datetime) -> bool:
    """Продлевает взятую запись и отвечает, наша ли она ещё."""
    return bool(outbox.still_ours([Permit(claim)], now, LEASE)[0])


def state(outbox: RedisOutbox, uid: str = UID) -> EntryState | None:
    """Возвращает состояние записи."""
    found = {entry.uid: entry.state for entry in outbox.entries(uid.partition("_")[0])}
    return found.get(uid)


def doubted(outbox: RedisOutbox, claim: Claim, now: datetime, what: Unclear = Unclear.DEAL) -> None:
    """Откладывает запись с неясным исходом: смотреть через 3 с, создавать — через 65 с."""
    unclear = outbox.doubt(claim, Doubt(what, now + timedelta(seconds=65)))
    outbox.postpone(unclear, now + timedelta(seconds=3), "network", "ответ потерян")


# --- Постановка ----------------------------------------------------------------------------------


def test_new_record_needs_a_hint(outbox: RedisOutbox) -> None:
    assert list(outbox.put(["F1_1", "F1_2"], NOW, HINT)) == ["F1_1", "F1_2"]
    assert state(outbox) is EntryState.PENDING


def test_hinted_record_needs_no_second_hint(outbox: RedisOutbox) -> None:
    outbox.put([UID], NOW, HINT)
    assert list(outbox.put([UID], after(minutes=1), HINT)) == []


def test_record_on_its_way_needs_no_hint_but_gets_a_new_version(outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    assert list(outbox.put([UID], NOW, HINT)) == []
    assert outbox.complete(claim, NOW) is False
    assert state(outbox) is EntryState.PENDING
    assert claimed(outbox).version == claim.version + 1


def test_new_change_starts_a_record_failed_by_its_own_fault_anew(outbox: RedisOutbox) -> None:
    outbox.fail(queued(outbox), after(seconds=1), "field_invalid", "сверьте поля")
    assert list(outbox.put([UID], after(seconds=2), HINT)) == [UID]
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts, entry.reason, entry.message) == (EntryState.PENDING, 0, "", "")
    assert entry.queued_at == NOW


def test_new_change_of_a_postponed_record_waits_for_its_time(outbox: RedisOutbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=15), "api", "портал отказал")
    assert list(outbox.put([UID], after(seconds=1), HINT)) == []
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts, entry.reason) == (EntryState.RETRY, 1, "api")
    assert outbox.claim(UID, after(minutes=14), LEASE) is None
    assert claimed(outbox, now=after(minutes=15)).version == 2


@pytest.mark.parametrize("family", Family)
def test_new_change_of_a_record_failed_for_a_temporary_reason_waits_for_its_cure(
    outbox: RedisOutbox, family: Family
) -> None:
    outbox.fail(queued(outbox), NOW, family, "портал отказал")
    assert list(outbox.put([UID], after(seconds=1), HINT)) == []
    assert state(outbox) is EntryState.FAILED


def test_nothing_put_is_nothing_changed(outbox: RedisOutbox) -> None:
    assert list(outbox.put([], NOW, HINT)) == []
    assert list(outbox.entries("F1")) == []


# --- Отправка ------------------------------------------------------------------------------------


def test_unknown_record_cannot_be_claimed(outbox: RedisOutbox) -> None:
    assert outbox.claim(UID, NOW, LEASE) is None


def test_record_is_claimed_by_one_only(outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    assert (claim.uid, claim.version, claim.attempts) == (UID, 1, 0)
    assert outbox.claim(UID, after(seconds=99), LEASE) is None


def test_lost_lease_may_be_claimed_again_and_is_not_the_fault_of_the_record(outbox: RedisOutbox) -> None:
    first = queued(outbox)
    second = claimed(outbox, now=after(seconds=101))
    assert (second.attempts, second.token != first.token) == (0, True)


def test_extended_lease_is_kept(outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    assert held(outbox, claim, after(seconds=90))
    assert outbox.claim(UID, after(seconds=101), LEASE) is None


def test_sent_record_is_gone(outbox: RedisOutbox) -> None:
    assert outbox.complete(queued(outbox), NOW) is True
    assert list(outbox.entries("F1")) == []
    assert outbox.claim(UID, NOW, LEASE) is None


def test_late_owner_changes_nothing(outbox: RedisOutbox) -> None:
    late = queued(outbox)
    owner = claimed(outbox, now=after(seconds=101))
    assert not held(outbox, late, after(seconds=102))
    assert outbox.complete(late, after(seconds=102)) is False
    outbox.fail(late, after(seconds=102), "bug", "поздно")
    outbox.postpone(late, after(hours=1), "api", "поздно")
    outbox.release(late, after(hours=1))
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.reason, entry.attempts) == (EntryState.IN_FLIGHT, "", 0)
    assert outbox.complete(owner, after(seconds=103)) is True


def test_owner_of_a_finished_record_changes_nothing(outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    outbox.complete(claim, NOW)
    outbox.fail(claim, NOW, "bug", "поздно")
    assert not held(outbox, claim, NOW)
    assert list(outbox.entries("F1")) == []


# --- Повторы -------------------------------------------------------------------------------------


def test_postponed_record_waits_for_its_time_and_counts_the_attempt(outbox: RedisOutbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=5), "api", "портал занят")
    assert outbox.claim(UID, after(minutes=4), LEASE) is None
    (entry,) = outbox.entries("F1", EntryState.RETRY)
    assert (entry.attempts, entry.reason, entry.message) == (1, "api", "портал занят")
    assert entry.due_at == after(minutes=5)
    assert claimed(outbox, now=after(minutes=5)).attempts == 1


def test_released_record_counts_no_attempt(outbox: RedisOutbox) -> None:
    outbox.release(queued(outbox), after(seconds=3))
    assert state(outbox) is EntryState.PENDING
    assert claimed(outbox, now=after(seconds=3)).attempts == 0


def test_failed_record_waits_for_a_person(outbox: RedisOutbox) -> None:
    outbox.fail(queued(outbox), NOW, "field_invalid", "сверьте поля")
    assert outbox.claim(UID, after(days=1), LEASE) is None
    assert list(outbox.due("F1", after(days=1), HINT, 10)) == []
    (entry,) = outbox.entries("F1", EntryState.FAILED)
    assert (entry.reason, entry.message, entry.attempts) == ("field_invalid", "сверьте поля", 1)


def test_change_that_came_during_the_failed_sending_is_sent(outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    outbox.put([UID], NOW, HINT)
    outbox.fail(claim, after(seconds=5), "field_invalid", "сверьте поля")
    (entry,) = outbox.entries("F1")
    assert (entry.state, entry.attempts) == (EntryState.PENDING, 0)
    assert list(outbox.due("F1", after(seconds=5), HINT, 10)) == [UID]


@pytest.mark.parametrize("put_off", ["postpone", "fail"])
def test_requeued_record_is_sent_at_once_and_from_zero(outbox: RedisOutbox, put_off: str) -> None:
    getattr(outbox, put_off)(queued(outbox), after(hours=1), "api", "портал занят")
    assert outbox.requeue([UID, "F1_99"], after(minutes=1)) == 1
    assert list(outbox.due("F1", after(minutes=1), HINT, 10)) == [UID]
    assert claimed(outbox, now=after(minutes=1)).attempts == 0


def test_record_is_revived_when_its_reason_is_gone_and_revivals_are_counted(outbox: RedisOutbox) -> None:
    for _ in range(2):
        outbox.put([UID], NOW, HINT)
        outbox.fail(claimed(outbox), NOW, "api", "портал отказал")
        assert outbox.revive([UID], after(minutes=1)) == 1
    assert [entry.revived for entry in outbox.entries("F1")] == [2]
    outbox.fail(claimed(outbox), NOW, "api", "портал отказал")
    outbox.requeue([UID], after(minutes=2))
    assert [entry.revived for entry in outbox.entries("F1")] == [0]


def test_only_failed_records_are_dropped(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_1"), NOW, "field_invalid", "")
    assert outbox.drop(["F1_1", "F1_2", "F1_3"]) == 1
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_2"]


def test_waiting_and_travelling_records_are_not_requeued(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    claimed(outbox, "F1_2")
    assert outbox.requeue(["F1_1", "F1_2"], NOW) == 0


def test_long_message_is_cut(outbox: RedisOutbox) -> None:
    outbox.fail(queued(outbox), NOW, "bug", "ы" * 2000)
    assert len(outbox.entries("F1")[0].message) == 500


def test_change_that_came_during_a_retry_starts_its_attempts_anew(outbox: RedisOutbox) -> None:
    outbox.postpone(queued(outbox), NOW, "api", "")
    claim = claimed(outbox)
    assert claim.attempts == 1
    outbox.put([UID], NOW, HINT)
    assert outbox.complete(claim, NOW) is False
    (entry,) = outbox.entries("F1")
    assert (entry.attempts, entry.reason) == (0, "")


def test_put_repeated_after_a_lost_reply_still_asks_for_its_hint(store: Store) -> None:
    """redis-py повторяет команду, чей ответ потерян: второй ответ тот же."""
    script = store.redis.register_script(SCRIPTS["put"])
    keys, moment = Keys("ident"), NOW.timestamp()
    call = {"keys": [keys.entry(UID)], "args": [keys.pointers, UID, moment, moment, " ", "вызов"]}
    assert [script(**call), script(**call)] == [1, 1]
    assert script(keys=call["keys"], args=[*call["args"][:-1], "другой"]) == 0


# --- Чьё время пришло ----------------------------------------------------------------------------


def test_hinted_record_is_due_when_its_hint_was_lost(outbox: RedisOutbox) -> None:
    outbox.put([UID], NOW, HINT)
    assert list(outbox.due("F1", after(seconds=119), HINT, 10)) == []
    assert list(outbox.due("F1", after(seconds=120), HINT, 10)) == [UID]
    assert list(outbox.due("F1", after(seconds=121), HINT, 10)) == []


def test_record_of_a_killed_node_is_due_after_its_lease(outbox: RedisOutbox) -> None:
    queued(outbox)
    assert list(outbox.due("F1", after(seconds=99), HINT, 10)) == []
    assert list(outbox.due("F1", after(seconds=100), HINT, 10)) == [UID]


def test_postponed_record_is_due_in_its_time(outbox: RedisOutbox) -> None:
    outbox.postpone(queued(outbox), after(minutes=5), "api", "")
    assert list(outbox.due("F1", after(minutes=5), HINT, 10)) == [UID]
    assert list(outbox.due("F1", after(minutes=6), HINT, 10)) == []


def test_due_records_come_by_their_time_and_not_more_than_asked(outbox: RedisOutbox) -> None:
    for number, minutes in ((1, 3), (2, 1), (3, 2)):
        outbox.postpone(queued(outbox, f"F1_{number}"), after(minutes=minutes), "api", "")
    assert list(outbox.due("F1", after(minutes=9), HINT, 2)) == ["F1_2", "F1_3"]


def test_branches_are_apart(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F2_1"], NOW, HINT)
    assert list(outbox.due("F2", after(minutes=5), HINT, 10)) == ["F2_1"]
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_1"]
    assert sum(outbox.depth("F2").values()) == 1


# --- Что видит администратор ---------------------------------------------------------------------


def test_entries_come_in_the_order_of_queueing(outbox: RedisOutbox) -> None:
    outbox.put(["F1_9"], NOW, HINT)
    outbox.put(["F1_1"], after(seconds=1), HINT)
    outbox.put(["F1_9"], after(seconds=2), HINT)
    assert [entry.uid for entry in outbox.entries("F1")] == ["F1_9", "F1_1"]
    assert [entry.uid for entry in outbox.entries("F1", limit=1)] == ["F1_9"]


def test_depth_counts_every_state(outbox: RedisOutbox) -> None:
    outbox.put([f"F1_{number}" for number in range(1, 6)], NOW, HINT)
    claimed(outbox, "F1_1")
    doubted(outbox, claimed(outbox, "F1_5"), NOW)
    outbox.postpone(claimed(outbox, "F1_2"), after(minutes=1), "api", "")
    outbox.fail(claimed(outbox, "F1_3"), NOW, "bug", "")
    assert outbox.depth("F1") == dict.fromkeys(EntryState, 1)
    assert outbox.depth("F9") == dict.fromkeys(EntryState, 0)
    assert (outbox.size("F1"), outbox.size("F9")) == (5, 0)


def test_failed_records_come_in_the_order_of_failure(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_2"), after(seconds=1), "bug", "")
    outbox.fail(claimed(outbox, "F1_1"), after(seconds=2), "bug", "")
    found = outbox.entries("F1", EntryState.FAILED)
    assert [(entry.uid, entry.due_at) for entry in found] == [
        ("F1_2", after(seconds=1)),
        ("F1_1", after(seconds=2)),
    ]


def test_reset_forgets_the_queue_of_one_branch(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2", "F2_1"], NOW, HINT)
    outbox.fail(claimed(outbox, "F1_1"), NOW, "bug", "")
    outbox.reset("F1")
    assert (outbox.size("F1"), outbox.size("F2")) == (0, 1)
    assert outbox.claim("F1_2", NOW, LEASE) is None
    assert list(outbox.due("F1", after(hours=1), HINT, 10)) == []


# --- Любая последовательность --------------------------------------------------------------------

#: Шаги, которым нужна взятая запись, и прочие.
OWNED: dict[str, Callable[[RedisOutbox, Claim, datetime], object]] = {
    "complete": lambda outbox, claim, now: outbox.complete(claim, now),
    "still_ours": held,
    "postpone": lambda outbox, claim, now: outbox.postpone(claim, now + timedelta(minutes=1), "api", ""),
    "release": lambda outbox, claim, now: outbox.release(claim, now + timedelta(seconds=3)),
    "fail": lambda outbox, claim, now: outbox.fail(claim, now, "bug", ""),
    "doubt": lambda outbox, claim, now: doubted(outbox, claim, now),
    "give_up": lambda outbox, claim, now: outbox.fail(claim, now, "network", ""),
}
FREE: dict[str, Callable[[RedisOutbox, str, datetime], object]] = {
    "put": lambda outbox, uid, now: list(outbox.put([uid], now, HINT)),
    "due": lambda outbox, uid, now: list(outbox.due("F1", now, HINT, 2)),
    "requeue": lambda outbox, uid, now: outbox.requeue([uid], now),
    "revive": lambda outbox, uid, now: outbox.revive([uid], now),
    "drop": lambda outbox, uid, now: outbox.drop([uid]),
    "wait": lambda outbox, uid, now: None,
}
STEPS = st.lists(st.tuples(st.sampled_from(["claim", *OWNED, *FREE]), st.integers(1, 3)), max_size=30)


@given(STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_real_server_and_fakeredis_agree_on_any_sequence(
    redis_client: Redis, steps: list[tuple[str, int]]
) -> None:
    redis_client.flushall()
    real, fake = Store(redis_client, "ident"), Store(fresh_redis(), "ident")
    assert walk(real.outbox, steps) == walk(fake.outbox, steps)


def walk(outbox: RedisOutbox, steps: list[tuple[str, int]]) -> list[object]:
    """Проходит шаги и возвращает всё, что было видно."""
    now, claims, seen = NOW, dict[str, Claim](), list[object]()
    for step, number in steps:
        uid = f"F1_{number}"
        now += timedelta(seconds=50 if step == "wait" else 1)
        seen.append(walked(outbox, step, uid, now, claims))
        seen.append(list(outbox.entries("F1")) + list(outbox.entries("F1", EntryState.FAILED)))
    return seen


def walked(outbox: RedisOutbox, step: str, uid: str, now: datetime, claims: dict[str, Claim]) -> object:
    """Делает шаг; жетоны у очередей свои, и их не сравнивают."""
    if step in FREE:
        return FREE[step](outbox, uid, now)
    if step == "claim" and (claim := outbox.claim(uid, now, LEASE)) is not None:
        claims[uid] = claim
        return claim.version, claim.attempts, claim.losses, claim.doubt
    return OWNED[step](outbox, claims[uid], now) if step in OWNED and uid in claims else None


def test_thousand_records_wait_in_the_queue_and_none_is_lost(outbox: RedisOutbox) -> None:
    """ТЗ 4.1 № 3: глубина очереди — до 1000 записей; дальше она лишь предупреждает."""
    uids = [f"F1_{number}" for number in range(1, 1101)]
    assert sorted(outbox.put(uids, NOW, HINT)) == sorted(uids)
    assert outbox.size("F1") == len(uids)
    assert {entry.uid for entry in outbox.entries("F1", limit=len(uids))} == set(uids)


# --- Взятая запись: единственный замок ------------------------------------------------------------


@pytest.fixture
def shared(store: Store) -> RedisOutbox:
    """Очередь филиалов F1 и F2 одной базы D1."""
    return Store(store.redis, "ident", Identity(databases={"F1": "D1", "F2": "D1"})).outbox


def test_one_record_of_a_base_is_claimed_by_one_under_any_key(shared: RedisOutbox) -> None:
    claim = queued(shared)
    assert list(shared.put(["F2_1"], NOW, HINT)) == []
    assert shared.claim("F2_1", NOW, LEASE) is None
    assert shared.complete(claim, NOW) is False
    assert [(entry.uid, entry.state) for entry in shared.entries("F2")] == [("F2_1", EntryState.PENDING)]
    assert (list(shared.entries("F1")), shared.size("F1")) == ([], 0)
    assert shared.claim("F1_1", NOW, LEASE) is None
    assert claimed(shared, "F2_1").version == 2


def test_waiting_record_that_changed_its_key_is_hinted_anew(shared: RedisOutbox) -> None:
    """Подсказка послана под прежним ключом: её не примут, и без новой запись ждала бы всю аренду."""
    assert list(shared.put([UID], NOW, HINT)) == [UID]
    assert list(shared.put(["F2_1"], NOW, HINT)) == ["F2_1"]
    assert shared.claim(UID, NOW, LEASE) is None
    assert list(shared.put([UID], NOW, HINT)) == [UID]
    assert list(shared.put([UID], NOW, HINT)) == []


def test_waiting_record_put_for_the_nearest_round_is_in_it_under_its_new_key(shared: RedisOutbox) -> None:
    shared.put([UID], NOW, HINT)
    shared.put(["F2_1"], NOW, timedelta())
    assert list(shared.due("F2", NOW, HINT, 10)) == ["F2_1"]
    assert list(shared.due("F1", after(minutes=5), HINT, 10)) == []


@pytest.mark.parametrize("put_off", ["postpone", "fail"])
def test_record_that_moved_to_the_neighbour_waits_there_for_the_same_term(
    shared: RedisOutbox, put_off: str
) -> None:
    getattr(shared, put_off)(queued(shared), after(minutes=5), "api", "портал занят")
    assert list(shared.put(["F2_1"], NOW, HINT)) == []
    assert (shared.size("F1"), [entry.due_at for entry in shared.entries("F2")]) == (0, [after(minutes=5)])
    assert shared.requeue(["F1_1"], NOW) == 1
    assert list(shared.due("F2", NOW, HINT, 10)) == ["F2_1"]


def test_bases_are_apart(outbox: RedisOutbox) -> None:
    queued(outbox, "F1_1")
    assert queued(outbox, "F2_1").uid == "F2_1"


def test_claim_repeated_after_a_lost_reply_is_the_same_claim(outbox: RedisOutbox) -> None:
    outbox.put([UID], NOW, HINT)
    first = outbox.claim(UID, NOW, LEASE, "жетон")
    assert first is not None
    assert outbox.claim(UID, after(seconds=1), LEASE, "жетон") == first
    assert outbox.claim(UID, after(seconds=1), LEASE, "другой") is None


def test_still_ours_answers_each_and_extends_all_at_once(outbox: RedisOutbox) -> None:
    mine = [queued(outbox, f"F1_{number}") for number in (1, 2, 3)]
    stolen = claimed(outbox, "F1_2", after(seconds=101))
    permits = [Permit(claim) for claim in mine]
    assert list(outbox.still_ours(permits, after(seconds=102), LEASE)) == [True, False, True]
    assert outbox.claim("F1_1", after(seconds=201), LEASE) is None
    assert claimed(outbox, "F1_2", after(seconds=201)).token != stolen.token
    assert list(outbox.still_ours([], NOW, LEASE)) == []


def test_permit_with_a_phone_needs_its_lock_too_and_extends_it(store: Store, outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    permit = Permit(claim, "phone:x")
    assert list(outbox.still_ours([permit], NOW, LEASE)) == [False]
    with store.locks.hold("phone:x", timedelta(seconds=5), owner=outbox.owner(claim)):
        assert list(outbox.still_ours([permit], NOW, LEASE)) == [True]
        assert store.redis.pttl("ident:lock:phone:x") > 90_000
    assert list(outbox.still_ours([permit], NOW, LEASE)) == [False]


def test_phone_shut_by_a_record_is_taken_again_only_by_it(store: Store, outbox: RedisOutbox) -> None:
    claim = queued(outbox)
    with store.locks.hold("phone:x", TTL, owner=outbox.owner(claim)) as lease:
        assert lease is not None
        lease.shut(TTL)
    outbox.release(claim, NOW)
    again = claimed(outbox)
    with store.locks.hold("phone:x", TTL, owner=outbox.owner(queued(outbox, "F1_2"))) as other:
        assert other is None
    with store.locks.hold("phone:x", TTL, owner=outbox.owner(again)) as own:
        assert own is not None
        lease.release()  # проснулась прежняя отправка: чужого она не откроет
        assert own.extend()


def test_losses_of_a_lease_in_a_row_are_counted_until_an_orderly_outcome(outbox: RedisOutbox) -> None:
    queued(outbox)
    losses = [claimed(outbox, now=after(seconds=101 * number)).losses for number in (1, 2, 3)]
    assert losses == [1, 2, 3]
    outbox.release(claimed(outbox, now=after(seconds=101 * 4)), NOW)
    assert claimed(outbox).losses == 0


def test_record_that_kills_its_worker_is_not_stirred_by_every_extract(outbox: RedisOutbox) -> None:
    outbox.fail(queued(outbox), NOW, WORKER_LOST, "")
    assert list(outbox.put([UID], NOW, HINT)) == []
    assert state(outbox) is EntryState.FAILED


# --- Неясный исход --------------------------------------------------------------------------------


def test_doubt_is_looked_at_early_and_is_forgotten_in_its_time(outbox: RedisOutbox) -> None:
    doubted(outbox, queued(outbox), NOW)
    assert (state(outbox), outbox.claim(UID, after(seconds=2), LEASE)) == (EntryState.DOUBT, None)
    assert list(outbox.due("F1", after(seconds=3), HINT, 10)) == [UID]
    claim = claimed(outbox, now=after(seconds=3))
    assert (claim.attempts, claim.doubt) == (1, Doubt(Unclear.DEAL, after(seconds=65), 0))
    outbox.release(claim, after(seconds=65))
    assert state(outbox) is EntryState.DOUBT
    assert claimed(outbox, now=after(seconds=65)).doubt is None


@pytest.mark.parametrize("step", ["fail", "postpone", "release", "put"])
def test_doubt_outlives_every_other_outcome(outbox: RedisOutbox, step: str) -> None:
    doubted(outbox, queued(outbox), NOW)
    claim = claimed(outbox, now=after(seconds=3))
    if step == "put":
        outbox.put([UID], after(seconds=4), HINT)
        outbox.release(claim, after(seconds=5))
    elif step == "release":
        outbox.release(claim, after(seconds=5))
    else:
        getattr(outbox, step)(claim, after(seconds=5), "api", "")
    outbox.requeue([UID], after(seconds=6))
    assert claimed(outbox, now=after(seconds=7)).doubt is not None


def test_new_version_sent_after_a_doubt_begins_without_it(outbox: RedisOutbox) -> None:
    doubted(outbox, queued(outbox), NOW)
    claim = claimed(outbox, now=after(seconds=3))
    outbox.put([UID], after(seconds=4), HINT)
    assert outbox.complete(claim, after(seconds=5)) is False
    assert claimed(outbox, now=after(seconds=5)).doubt is None


def test_every_curable_failure_is_seen_behind_a_thousand_others(outbox: RedisOutbox) -> None:
    for number in range(1, 1102):
        outbox.fail(queued(outbox, f"F1_{number}"), NOW, "field_invalid", "")
    outbox.fail(queued(outbox, "F1_2000"), after(seconds=1), "network", "")
    assert list(outbox.curable("F1")) == [("F1_2000", "network", after(seconds=1), 0)]


# --- Часы и сироты --------------------------------------------------------------------------------


def test_released_record_may_be_taken_before_its_hint(outbox: RedisOutbox) -> None:
    outbox.release(queued(outbox), after(seconds=10_000))
    assert claimed(outbox).attempts == 0


def test_stray_pointer_without_a_record_is_swept(store: Store, outbox: RedisOutbox) -> None:
    outbox.put([UID], NOW, HINT)
    store.redis.delete(Keys("ident").entry(UID))
    assert list(outbox.due("F1", after(seconds=200), HINT, 10)) == []
    assert outbox.size("F1") == 0


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_clock_turned_back_takes_the_terms_back_with_it(outbox: RedisOutbox, hours: int) -> None:
    outbox.postpone(queued(outbox), after(seconds=300), "network", "")
    past = NOW - timedelta(hours=hours)
    assert list(outbox.due("F1", past, HINT, 10)) == []
    later = past + timedelta(seconds=301)
    assert list(outbox.due("F1", later, HINT, 10)) == [UID]
    assert outbox.claim(UID, later, LEASE) is not None


def test_clock_turned_back_takes_a_doubt_back_with_it(outbox: RedisOutbox) -> None:
    doubted(outbox, queued(outbox), NOW)
    past = NOW - timedelta(hours=1)
    outbox.due("F1", past, HINT, 10)
    doubt = claimed(outbox, now=past + timedelta(seconds=4)).doubt
    assert doubt is not None
    assert abs(doubt.until - (past + timedelta(seconds=65))) < timedelta(seconds=1)


def test_term_farther_than_any_is_due_though_nobody_saw_the_clock_turn(
    store: Store, outbox: RedisOutbox
) -> None:
    outbox.postpone(queued(outbox), after(seconds=300), "network", "")
    store.redis.delete(Keys("ident").clock("F1"))
    past = NOW - timedelta(hours=1)
    assert list(outbox.due("F1", past, HINT, 10)) == [UID]
    assert outbox.claim(UID, past, LEASE) is not None


def test_clock_turned_back_does_not_keep_a_dead_lease(outbox: RedisOutbox) -> None:
    queued(outbox)
    assert outbox.claim(UID, NOW - timedelta(minutes=10), LEASE) is not None


def test_clock_turned_back_a_little_takes_the_terms_back_with_it(outbox: RedisOutbox) -> None:
    outbox.put(["F1_1", "F1_2"], NOW, HINT)
    outbox.postpone(claimed(outbox), after(seconds=60), "network", "")
    assert list(outbox.due("F1", after(seconds=10), HINT, 10)) == []
    past = after(seconds=10) - timedelta(minutes=5)
    assert list(outbox.due("F1", past, HINT, 10)) == []
    assert outbox.claim(UID, past + timedelta(seconds=49), LEASE) is None
    assert list(outbox.due("F1", past + timedelta(seconds=51), HINT, 10)) == [UID]
    assert outbox.claim(UID, past + timedelta(seconds=51), LEASE) is not None
    assert list(outbox.due("F1", past + timedelta(seconds=111), HINT, 10)) == ["F1_2"]


def test_clock_turned_back_before_anyone_went_round_the_queue_is_noticed_too(outbox: RedisOutbox) -> None:
    outbox.put([UID], after(seconds=300), HINT)
    assert list(outbox.due("F1", NOW, HINT, 10)) == []
    assert list(outbox.due("F1", after(seconds=120), HINT, 10)) == [UID]
