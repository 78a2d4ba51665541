"""Клиент портала: пакеты, перекрытие запросов, повторы, передача ведения (ADR 0004, 0007)."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.bitrix.calls import Answer, Call
from services.bitrix.client import REFUSALS, RESENDS, Timing, permit_seconds
from services.bitrix.exchange import REFUSAL_PAUSE
from services.bitrix.responses import (
    AmbiguousAnswer,
    AnswerLost,
    ItemAccessDenied,
    OperationTimeLimit,
    PortalUnreachable,
    QueryLimitExceeded,
)
from services.bitrix.transport import Reply
from services.domain.errors import FatalError, GripLost, SkippableError, StoreError, Withdrawn
from services.domain.outbox import Permit
from tests.fakes_bitrix import PATIENCE, Desk, FakeLimiter, FakeTransport, refusal
from tests.support.node import eventually

CRASH = refusal(500, "INTERNAL_SERVER_ERROR")
TOO_OFTEN = refusal(503, "QUERY_LIMIT_EXCEEDED")
MARKED = "смотри $result[g0c0]"


def read(number: int, text: str = "") -> Call:
    """Строит чтение."""
    return Call("crm.deal.get", {"id": number, "text": text} if text else {"id": number})


def create(number: int) -> Call:
    """Строит создание: повторять его нельзя."""
    return Call("crm.deal.add", {"id": number}, repeatable=False)


def search(uid: str) -> Call:
    """Строит поиск по ключу."""
    return Call("crm.deal.list", {"filter": {"@UF_KEY": [uid]}}, keyed="UF_KEY")


def order(desk: Desk, *calls: Call) -> Callable[[], list[Answer]]:
    """Возвращает заказ группы вызовов."""
    return partial(desk.client.group, calls)


def outcomes(answers: list[Answer]) -> list[Any]:
    """Возвращает ответы, ошибки — видом."""
    return [type(answer.error) if answer.error else answer.value for answer in answers]


# --- Пакеты ---------------------------------------------------------------------------------------


def test_single_call_leaves_as_a_plain_request_with_typed_params() -> None:
    desk = Desk()
    assert desk.client.call("crm.deal.get", {"id": 5, "flag": True}) == {"id": 5, "flag": True}
    assert desk.transport.requests == [("crm.deal.get", {"id": 5, "flag": True})]


def test_group_leaves_as_one_batch_in_its_order() -> None:
    desk = Desk()
    answers = desk.client.group([read(1), create(2)])
    assert outcomes(answers) == [{"id": "1"}, 2]
    assert desk.transport.methods == ["batch"]
    assert desk.transport.commands(0) == ["crm.deal.get", "crm.deal.add"]
    assert desk.transport.requests[0][1]["halt"] == 0


def test_searches_of_one_kind_leave_as_one_command_and_part_again() -> None:
    found = [{"ID": "7", "UF_KEY": "F1_2"}, {"ID": "8", "UF_KEY": "F1_1"}]
    desk = Desk(FakeTransport(Reply(200, {"result": {"result": {"m0": found}}})))
    answers = desk.together([order(desk, search("F1_1")), order(desk, search("F1_2"))])
    assert desk.transport.commands(0) == ["crm.deal.list"]
    assert sorted(row["ID"] for own in answers for row in own[0].get()) == ["7", "8"]


def test_merged_search_that_filled_the_page_is_asked_again_apart() -> None:
    full = [{"ID": str(number), "UF_KEY": "F1_1"} for number in range(50)]
    own = {key: [{"ID": "1", "UF_KEY": "F1_2"}] for key in ("g0c0", "g1c0")}
    replies = [Reply(200, {"result": {"result": result}}) for result in ({"m0": full}, own)]
    desk = Desk(FakeTransport(*replies))
    answers = desk.together([order(desk, search("F1_1")), order(desk, search("F1_2"))])
    assert [len(desk.transport.commands(number)) for number in range(2)] == [1, 2]
    assert [len(own[0].get()) for own in answers] == [1, 1]


def test_nothing_to_ask_costs_nothing() -> None:
    desk = Desk()
    assert desk.client.group([]) == []
    assert desk.limiter.reserved == 0


def test_groups_that_waited_leave_together_and_each_gets_its_own() -> None:
    desk = Desk()
    orders = [order(desk, read(number), read(-number)) for number in range(1, 11)]
    answers = desk.together(orders)
    assert desk.transport.methods == ["batch"]
    assert [outcomes(own) for own in answers] == [
        [{"id": str(number)}, {"id": str(-number)}] for number in range(1, 11)
    ]


def test_groups_that_do_not_fit_take_the_next_requests() -> None:
    desk = Desk()
    desk.together([order(desk, read(1), read(2), read(3)) for _ in range(20)])
    assert sorted(len(desk.transport.commands(number)) for number in range(3)) == [12, 24, 24]
    assert desk.limiter.reserved == 3


@pytest.mark.parametrize(
    ("coming", "steps"),
    [(0, 1), (1, 2), (5, 6), (100, 14)],
    ids=["один ждёт недолго", "с попутчиком", "пока прибывают", "но не вечно"],
)
def test_groups_that_keep_coming_leave_with_the_first(coming: int, steps: int) -> None:
    """В каждый шаг ожидания (30 мс) приходит ещё одна; ждут не дольше 0,8 промежутка предела (0,5 с)."""
    desk, taken = Desk(linger=0.03), list[int]()

    def another() -> None:
        if desk.slept[-1] and not desk.transport.requests:
            taken.append(desk.client.waiting)
            if len(taken) <= coming:
                pool.submit(order(desk, read(len(taken))))
                desk.await_queue(len(taken) + 1)

    with ThreadPoolExecutor(steps + 1) as pool:
        desk.meanwhile = another
        desk.client.group([read(0)])
    assert taken == list(range(1, steps + 1)), "каждый шаг — новая группа, и уходят они вместе с первой"
    assert len(desk.transport.requests) == 1


def test_one_failing_group_does_not_sink_the_others() -> None:
    desk = Desk()
    desk.transport.failures["crm.deal.add"] = {"error": "CRM_FIELD_ERROR_REQUIRED", "error_description": "x"}
    answers = desk.together([order(desk, read(1)), order(desk, create(2), read(3)), order(desk, read(4))])
    assert [outcomes(own) for own in answers] == [
        [{"id": "1"}],
        [SkippableError, {"id": "3"}],
        [{"id": "4"}],
    ]


def test_value_that_cannot_be_written_is_noticed_before_it_joins_the_queue() -> None:
    desk = Desk()
    with pytest.raises(TypeError):
        desk.client.group([read(1), Call("crm.deal.add", {"fields": {"X": object()}})])
    assert (desk.client.waiting, desk.transport.requests) == (0, [])


def test_command_without_any_answer_is_ambiguous() -> None:
    desk = Desk(FakeTransport(Reply(200, {"result": {"result": [], "result_error": []}})))
    answers = desk.client.group([read(1), create(2)])
    assert outcomes(answers) == [AmbiguousAnswer, AmbiguousAnswer]
    assert answers[1].error.retry_after >= 60  # type: ignore[union-attr]


def test_error_of_the_whole_batch_goes_to_every_owner() -> None:
    desk = Desk(FakeTransport(refusal(401, "NO_AUTH_FOUND")))
    answers = desk.together([order(desk, read(1)), order(desk, read(2), read(3))])
    assert [outcomes(own) for own in answers] == [[FatalError], [FatalError] * 2]


def test_counters_count_requests_and_commands() -> None:
    desk = Desk()
    desk.client.group([read(1), read(2), read(3)])
    desk.client.call("profile", {})
    assert (desk.client.traffic.requests, desk.client.traffic.commands) == (2, 4)


# --- Перекрытие и передача ведения ---------------------------------------------------------------


def test_long_batch_does_not_hold_the_next_request() -> None:
    desk, both = Desk(), threading.Barrier(2, timeout=PATIENCE)
    desk.transport.meanwhile = lambda number: both.wait() and None
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda number: desk.client.call("crm.deal.get", {"id": number}), [1, 2]))
    assert answers == [{"id": 1}, {"id": 2}]


def test_group_that_did_not_fit_leaves_while_its_neighbours_are_on_the_way() -> None:
    desk, both = Desk(), threading.Barrier(2, timeout=PATIENCE)
    desk.transport.meanwhile = lambda number: both.wait() and None
    large = [read(number) for number in range(49)]
    answers = desk.together([order(desk, *large), order(desk, read(100), read(101))])
    assert outcomes(answers[1]) == [{"id": "100"}, {"id": "101"}]


@pytest.mark.parametrize(
    ("method", "sizes"),
    [("crm.deal.update", [30, 25, 5]), ("crm.deal.add", [30, 25, 5]), ("crm.contact.add", [30, 30])],
)
def test_only_those_who_will_come_again_make_the_next_batch_larger(method: str, sizes: list[int]) -> None:
    desk = Desk(interval=1.5)
    desk.transport.meanwhile = lambda number: eventually(lambda: desk.client.waiting == 0, PATIENCE)
    desk.together([order(desk, Call(method, {"id": number}, repeatable=False)) for number in range(60)])
    assert [len(desk.transport.commands(number)) for number in range(len(sizes))] == sizes


def test_waiting_owner_takes_over_when_the_first_has_left() -> None:
    desk = Desk()
    desk.together([order(desk, *[read(number) for number in range(50)]) for _ in range(5)])
    assert desk.transport.methods == ["batch"] * 5


def test_keyboard_interrupt_while_waiting_withdraws_the_group() -> None:
    class Impatient(FakeLimiter):
        def reserve(self) -> float:
            raise KeyboardInterrupt

    desk = Desk(limiter=Impatient())
    with pytest.raises(KeyboardInterrupt):
        desk.client.call("crm.deal.add", {}, repeatable=False)
    assert (desk.client.waiting, desk.transport.requests) == (0, [])


def test_owner_without_a_shared_count_fails_and_the_next_tries_by_itself() -> None:
    desk = Desk(limiter=FakeLimiter(StoreError("Redis недоступен")))
    answers = desk.together([order(desk, read(1)), order(desk, read(2))])
    assert [outcomes(own) for own in answers] == [[StoreError], [{"id": 2}]]


def test_bug_in_the_connection_reaches_its_owner_and_frees_the_rest() -> None:
    desk = Desk(FakeTransport(RuntimeError("ошибка программы")))
    answers = desk.together([order(desk, create(1)), order(desk, create(2))])
    assert isinstance(answers[0], RuntimeError)
    assert outcomes(answers[1]) == [AnswerLost]
    # Сосед мог и выполниться: раньше минуты его повторять нельзя.
    assert answers[1][0].error.retry_after >= 60


def test_the_wait_for_the_limit_is_slept_and_counted() -> None:
    desk = Desk(limiter=FakeLimiter(0.5))
    desk.client.call("profile", {})
    assert desk.slept == [0.5]
    assert desk.client.traffic.waited == 0.5


def test_time_of_the_neighbours_in_a_packet_is_waiting_and_not_work() -> None:
    """Постановление 34: пакет отвечает весь сразу; из его восьми секунд своих — по доле своих команд."""
    desk = Desk()
    desk.transport.meanwhile = lambda number: desk.clock.advance(8.0)

    def waited(*calls: Call) -> Callable[[], float]:
        def ask() -> float:
            desk.client.group(calls)
            return desk.client.waited()

        return ask

    assert desk.together([waited(read(1), read(2), read(3)), waited(read(4))]) == [2.0, 6.0]


def test_call_alone_in_its_request_only_works() -> None:
    desk = Desk()
    desk.transport.meanwhile = lambda number: desk.clock.advance(8.0)
    desk.client.call("profile", {})
    assert desk.client.waited() == 0.0


# --- Повторы -------------------------------------------------------------------------------------


def test_reading_group_is_sent_again_after_a_crash_of_the_portal() -> None:
    desk = Desk(FakeTransport(CRASH))
    assert desk.client.call("crm.deal.get", {"id": 1}) == {"id": 1}
    assert len(desk.transport.requests) == 2


@pytest.mark.parametrize("turn", [CRASH, Reply(502, None), AnswerLost("обрыв", 65.0)], ids=str)
def test_reads_give_up_after_a_few_repeats(turn: Reply | AnswerLost) -> None:
    desk = Desk(FakeTransport(*[turn] * (RESENDS + 1)))
    with pytest.raises((AmbiguousAnswer, AnswerLost)):
        desk.client.call("crm.deal.get", {"id": 1})
    assert len(desk.transport.requests) == RESENDS + 1


@pytest.mark.parametrize("turn", [CRASH, AnswerLost("обрыв", 65.0)], ids=["сбой", "обрыв"])
def test_creating_group_is_never_repeated_after_an_unknown_outcome(turn: Reply | AnswerLost) -> None:
    desk = Desk(FakeTransport(turn))
    with pytest.raises((AmbiguousAnswer, AnswerLost)) as caught:
        desk.client.call("crm.deal.add", {}, repeatable=False)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 60
    assert len(desk.transport.requests) == 1


def test_after_a_lost_batch_only_the_reads_are_sent_again() -> None:
    desk = Desk(FakeTransport(AnswerLost("обрыв", 65.0)))
    answers = desk.together([order(desk, read(1), read(2)), order(desk, create(3))])
    assert [outcomes(own) for own in answers] == [[{"id": "1"}, {"id": "2"}], [AnswerLost]]
    assert desk.transport.commands(1) == ["crm.deal.get"] * 2


def test_unreachable_portal_is_not_hammered() -> None:
    desk = Desk(FakeTransport(PortalUnreachable("нет связи")))
    answers = desk.together([order(desk, read(1)), order(desk, create(2))])
    assert [outcomes(own) for own in answers] == [[PortalUnreachable]] * 2
    assert len(desk.transport.requests) == 1


def test_refusal_for_frequency_repeats_creations_too_and_slows_everybody() -> None:
    desk = Desk(FakeTransport(TOO_OFTEN, TOO_OFTEN))
    answers = desk.together([order(desk, read(1)), order(desk, create(2))])
    assert [outcomes(own) for own in answers] == [[{"id": "1"}], [2]]
    assert desk.limiter.frozen == [REFUSAL_PAUSE] * 2
    assert desk.client.traffic.refused == 2


def test_endless_refusals_end_with_an_error() -> None:
    desk = Desk(FakeTransport(*[TOO_OFTEN] * (REFUSALS + 1)))
    with pytest.raises(QueryLimitExceeded):
        desk.client.call("crm.deal.add", {}, repeatable=False)
    assert len(desk.transport.requests) == REFUSALS + 1


# --- Ответы не того вида и отказы целому пакету -------------------------------------------------

SHAPELESS = [None, False, "", True, "x", 0, -5, 1.5, [7], {"ID": 7}]


@pytest.mark.parametrize("value", SHAPELESS, ids=str)
@pytest.mark.parametrize("neighbours", [0, 1], ids=["один", "в пакете"])
def test_creation_is_answered_by_a_number_or_not_answered_at_all(value: object, neighbours: int) -> None:
    result = {"result": {"g0c0": value, "g0c1": {"id": "2"}}} if neighbours else value
    desk = Desk(FakeTransport(Reply(200, {"result": result})))
    answers = desk.client.group([create(1), *[read(2)] * neighbours])
    assert outcomes(answers) == [AmbiguousAnswer, {"id": "2"}][: neighbours + 1]
    assert len(desk.transport.requests) == 1


@pytest.mark.parametrize("value", [None, False, "", True, "x", 0], ids=str)
def test_search_that_was_not_answered_by_a_list_is_asked_again(value: object) -> None:
    desk = Desk(FakeTransport(*[Reply(200, {"result": value})] * RESENDS))
    assert isinstance(desk.client.call("crm.deal.list", {"filter": {}}), dict)
    assert len(desk.transport.requests) == RESENDS + 1


def test_failure_without_a_code_is_no_refusal_of_the_record() -> None:
    desk = Desk(FakeTransport(Reply(200, {"result": {"result": [], "result_error": {"g0c0": "x"}}})))
    assert outcomes(desk.client.group([create(1), create(2)])) == [AmbiguousAnswer] * 2


REFUSED = refusal(400, "ACCESS_DENIED")


def test_batch_refused_as_a_whole_goes_again_in_halves_and_nobody_is_refused() -> None:
    desk = Desk(FakeTransport(*[REFUSED] * 3))
    answers = desk.together([order(desk, create(number)) for number in range(1, 9)])
    assert [outcomes(own) for own in answers] == [[number] for number in range(1, 9)]
    first, *rest = [len(body.get("cmd", "1")) for _, body in desk.transport.requests]
    assert (first, max(rest)) == (8, 4)


def test_only_the_record_refused_on_its_own_is_refused() -> None:
    class Picky(FakeTransport):
        """Портал, который отказывает любому запросу с записью номер 3."""

        def post(self, method: str, body: Mapping[str, Any]) -> Reply:
            reply = super().post(method, body)
            bodies = str(body)
            return REFUSED if "id=3" in bodies or "'id': 3" in bodies else reply

    desk = Desk(Picky())
    answers = desk.together([order(desk, create(number)) for number in range(1, 9)])
    assert [outcomes(own) for own in answers] == [
        [ItemAccessDenied if number == 3 else number] for number in range(1, 9)
    ]


def test_refused_reads_and_writes_of_one_group_keep_their_order() -> None:
    desk = Desk(FakeTransport(REFUSED))
    assert outcomes(desk.client.group([read(1), create(2)])) == [ItemAccessDenied] * 2


def test_write_is_never_repeated_because_its_check_did_not_fit_the_page() -> None:
    full = [{"ID": str(number), "UF_KEY": "F1_1"} for number in range(50)]
    desk = Desk(FakeTransport(Reply(200, {"result": {"result": {"g0c0": 5, "m0": full}}})))
    answers = desk.together([order(desk, create(5), search("F1_1")), order(desk, search("F1_2"))])
    assert outcomes(answers[0]) == [5, AmbiguousAnswer]
    assert desk.transport.methods == ["batch", "crm.deal.list"]


# --- Тексты, которым нельзя в пакет --------------------------------------------------------------


def test_text_with_the_mark_travels_alone_and_unchanged() -> None:
    desk = Desk()
    desk.together([order(desk, read(1)), order(desk, read(2, MARKED)), order(desk, read(3))])
    assert sorted(desk.transport.methods) == ["batch", "crm.deal.get"]
    assert ("crm.deal.get", {"id": 2, "text": MARKED}) in desk.transport.requests


def test_group_with_the_mark_goes_call_by_call_within_the_limit() -> None:
    desk = Desk()
    desk.transport.failures["crm.deal.add"] = {"error": "ERROR_CORE", "error_description": "x"}
    answers = desk.client.group([read(1, MARKED), create(2), read(3)])
    assert outcomes(answers) == [{"id": 1, "text": MARKED}, SkippableError, {"id": 3}]
    assert desk.limiter.reserved == 3


def test_refused_call_of_such_a_group_is_repeated() -> None:
    desk = Desk(FakeTransport(TOO_OFTEN))
    answers = desk.client.group([read(1, MARKED), create(2)])
    assert outcomes(answers) == [{"id": 1, "text": MARKED}, 2]
    assert desk.limiter.reserved == 3


def test_such_a_group_gives_up_on_endless_refusals_and_losses() -> None:
    desk = Desk(FakeTransport(*[TOO_OFTEN] * (REFUSALS + 1), AnswerLost("обрыв", 65.0)))
    answers = desk.client.group([read(1, MARKED), create(2)])
    assert outcomes(answers) == [QueryLimitExceeded, AnswerLost]


# --- Время методов -------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [[read(1)], [read(1), read(2)]], ids=["одиночный", "пакет"])
def test_method_close_to_its_budget_is_stopped_before_the_portal_stops_it(calls: list[Call]) -> None:
    desk = Desk()
    desk.transport.timing = {"operating": 471.0, "operating_reset_at": 1120}
    desk.client.group(calls)
    with pytest.raises(OperationTimeLimit) as caught:
        desk.client.group([Call("profile"), read(3)])
    assert caught.value.retry_after == 120.0
    assert len(desk.transport.requests) == 1
    assert desk.client.call("profile", {}) == {}


def test_refusal_of_a_method_names_when_to_come_back() -> None:
    desk = Desk()
    desk.transport.failures["crm.deal.get"] = {"error": "OPERATION_TIME_LIMIT", "error_description": "x"}
    answers = desk.client.group([read(1), create(2)])
    assert outcomes(answers) == [OperationTimeLimit, 2]
    assert answers[0].error.retry_after == 10.0  # type: ignore[union-attr]


# --- Остановка -----------------------------------------------------------------------------------


def test_stop_frees_those_who_wait_and_closes_connections() -> None:
    desk = Desk()
    desk.limiter.hold()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(desk.client.group, [read(number)]) for number in range(2)]
        desk.await_queue(2)
        desk.client.close()
        desk.limiter.release()
        answers = [future.result(PATIENCE) for future in waiting]
    assert [outcomes(own) for own in answers] == [[Withdrawn]] * 2
    assert (desk.transport.requests, desk.transport.closed) == ([], True)


def test_stopped_client_takes_no_orders() -> None:
    desk = Desk()
    desk.client.close()
    with pytest.raises(Withdrawn, match="останавливается"):
        desk.client.call("profile", {})


def test_what_has_left_is_waited_for() -> None:
    desk, left, answered = Desk(), threading.Event(), threading.Event()

    def on_the_way(number: int) -> None:
        left.set()
        answered.wait(PATIENCE)

    desk.transport.meanwhile = on_the_way
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(desk.client.call, "crm.deal.get", {"id": 1})
        left.wait(PATIENCE)
        desk.client.withdraw()
        assert desk.client.drain(0.01) is False
        answered.set()
        assert desk.client.drain(PATIENCE) is True
        assert answer.result(PATIENCE) == {"id": 1}


def test_read_caught_by_the_stop_is_not_repeated() -> None:
    desk = Desk(FakeTransport(AnswerLost("обрыв", 65.0)))
    desk.transport.meanwhile = lambda number: desk.client.close()
    with pytest.raises(AnswerLost):
        desk.client.call("crm.deal.get", {"id": 1})


# --- Всё вместе ----------------------------------------------------------------------------------


def test_hundred_owners_each_get_their_own_answers() -> None:
    desk = Desk()

    def work(number: int) -> list[Any]:
        calls = [read(number * 10 + index) for index in range(number % 4 + 1)]
        return [int(answer.get()["id"]) for answer in desk.client.group(calls)]

    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(work, range(400)))
    assert found == [[number * 10 + index for index in range(number % 4 + 1)] for number in range(400)]


# --- Сторож записей -------------------------------------------------------------------------------

OURS, THEIRS = Permit(lambda: True), Permit(lambda: False)


def writing(desk: Desk, number: int, permit: Permit) -> Callable[[], list[Answer]]:
    """Возвращает заказ записи, у которой есть право."""
    return partial(desk.client.group, [create(number)], permit)


def test_write_that_lost_its_lease_does_not_leave() -> None:
    desk = Desk()
    desk.permits.lost.add(THEIRS)
    answers = desk.together([writing(desk, 1, THEIRS), writing(desk, 2, OURS)])
    assert [outcomes(own) for own in answers] == [[GripLost], [2]]
    assert desk.transport.requests == [("crm.deal.add", {"id": 2})]


def test_all_writes_of_a_request_are_asked_about_at_once_and_equal_rights_once() -> None:
    desk, other = Desk(), Permit(lambda: True)
    orders = [writing(desk, number, right) for number, right in enumerate([OURS, other, OURS])]
    desk.together([*orders, order(desk, read(3))])
    assert [set(asked) for asked in desk.permits.asked] == [{OURS, other}]
    assert len(desk.permits.asked[0]) == 2


def test_reading_asks_no_guard() -> None:
    desk = Desk()
    assert outcomes(desk.client.group([read(1)], OURS)) == [{"id": 1}]
    assert desk.permits.asked == []


def test_guard_that_cannot_be_asked_holds_the_writes_back_but_not_the_reads() -> None:
    def trouble() -> None:
        raise StoreError("Redis недоступен")

    desk = Desk()
    desk.permits.meanwhile = trouble
    answers = desk.together([writing(desk, 1, OURS), order(desk, read(2))])
    assert [outcomes(own) for own in answers] == [[StoreError], [{"id": 2}]]
    assert desk.transport.methods == ["crm.deal.get"]


def test_slow_guard_holds_nobody_back() -> None:
    # Redis за пять миллисекунд и полсотни записей: ответ сторожа шёл дольше секунды, но он свежий.
    desk = Desk()
    desk.permits.meanwhile = partial(desk.clock.advance, 30.0)
    answers = desk.together([writing(desk, 1, OURS), writing(desk, 2, OURS)])
    assert [outcomes(own) for own in answers] == [[1], [2]]


def test_process_that_slept_over_the_answer_of_the_guard_does_not_write() -> None:
    desk = Desk()
    desk.permits.meanwhile = partial(desk.clock.advance, Timing().permit_seconds + 0.1)
    answers = desk.together([writing(desk, 1, OURS), order(desk, read(2))])
    assert [outcomes(own) for own in answers] == [[GripLost], [{"id": 2}]]
    assert desk.transport.methods == ["crm.deal.get"]


def test_nap_shorter_than_any_lease_is_no_reason_to_hold_back() -> None:
    desk = Desk()
    desk.permits.meanwhile = partial(desk.clock.advance, Timing().permit_seconds - 0.1)
    assert outcomes(desk.client.group([create(1)], OURS)) == [1]


@pytest.mark.parametrize(("lease", "uncertainty", "seconds"), [(100, 65, 35.0), (4, 0.5, 3.5), (65, 65, 6.5)])
def test_permit_is_believed_while_the_portal_can_finish_within_the_lease(
    lease: float, uncertainty: float, seconds: float
) -> None:
    assert permit_seconds(timedelta(seconds=lease), timedelta(seconds=uncertainty)) == seconds


def test_repeated_write_is_asked_about_again() -> None:
    desk = Desk(FakeTransport(TOO_OFTEN))
    assert outcomes(desk.client.group([create(1)], OURS)) == [1]
    assert desk.permits.asked == [[OURS], [OURS]]


# --- Размер пакета --------------------------------------------------------------------------------


def test_one_stall_of_the_portal_does_not_leave_updates_going_one_by_one() -> None:
    desk = Desk()
    desk.transport.meanwhile = lambda number: desk.clock.advance(60.0 if number == 0 else 0.2)
    for number in range(20):
        desk.client.call("crm.deal.update", {"id": number}, repeatable=False)
    sent = len(desk.transport.requests)
    desk.together([order(desk, create(number)) for number in range(50)])
    assert [len(desk.transport.commands(number)) for number in range(sent, len(desk.transport.requests))] == [
        50
    ]


# --- Сколько ждали очереди (постановление 34) -----------------------------------------------------


def test_wait_of_a_caller_ends_when_its_request_leaves() -> None:
    desk = Desk(limiter=FakeLimiter(4.0))
    desk.transport.meanwhile = lambda number: desk.clock.advance(3.0)
    desk.client.call("crm.deal.get", {"id": 1})
    assert (desk.client.waited(), desk.clock()) == (4.0, 7.0)


def test_each_caller_knows_its_own_wait_and_a_repeat_adds_to_it() -> None:
    desk = Desk(FakeTransport(TOO_OFTEN), FakeLimiter(4.0, 2.0))

    def asked() -> float:
        desk.client.group([read(1)])
        return desk.client.waited()

    assert desk.together([asked, asked]) == [6.0, 6.0]
    assert desk.client.waited() == 0.0
