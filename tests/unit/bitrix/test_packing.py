"""Укладка групп: целиком, по очереди, записи вперёд, одинаковые поиски — одной командой."""

import sys
from collections import deque
from collections.abc import Sequence
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix.batching import Group
from services.bitrix.calls import Answer, Call
from services.bitrix.packing import (
    CUT,
    FEW_WRITES,
    FULL,
    MANY_READS,
    MERGED_KEYS,
    PAGE_ROWS,
    PATIENCE,
    Packet,
    PageFull,
    Slot,
    lay_out,
    next_leader,
    pack,
)
from services.domain.errors import NetworkError

KEY = "UF_CRM_RECEPTION_ID"


def group(size: int, text: str = "") -> Group:
    """Строит группу чтений."""
    return Group([Call("crm.deal.get", {"id": number, "text": text}) for number in range(size)])


def search(*uids: str, method: str = "crm.deal.list") -> Group:
    """Строит группу из одного поиска по ключам."""
    return Group([Call(method, {"filter": {f"@{KEY}": list(uids)}, "start": -1}, keyed=KEY)])


def rows(*uids: str) -> Answer:
    """Строит ответ списка."""
    return Answer([{"ID": str(number), KEY: uid} for number, uid in enumerate(uids)])


def shared(groups: Sequence[Group], answer: Answer) -> list[list[str]]:
    """Раздаёт ответ единственной склеенной команды; возвращает ключи каждого хозяина."""
    slots = [slots[0] for slots in lay_out(groups).slots]
    return [[row[KEY] for row in slot.share(answer).get()] for slot in slots]


def sizes(groups: list[Group]) -> list[int]:
    """Возвращает размеры групп."""
    return [len(item.calls) for item in groups]


@pytest.mark.parametrize(
    ("waiting", "limit", "taken"),
    [
        ([3], 50, [3]),
        ([3, 3, 3], 6, [3, 3]),
        ([3, 4, 2], 5, [3, 2]),
        ([3, 1, 1, 1], 5, [3, 1, 1]),
        ([10, 1], 4, [10]),
        ([50, 1], 50, [50]),
    ],
    ids=str,
)
def test_groups_leave_whole_while_they_fit(waiting: list[int], limit: int, taken: list[int]) -> None:
    queue = deque(group(size) for size in waiting)
    assert sizes(pack(queue, queue[0], limit)) == taken
    assert len(queue) == len(waiting) - len(taken)


def test_own_group_leaves_first_even_from_the_middle_of_the_queue() -> None:
    queue = deque([group(1), group(2), group(3)])
    assert sizes(pack(queue, queue[2], 4)) == [3, 1]
    assert sizes(list(queue)) == [2]


def test_group_already_gone_from_the_queue_takes_nothing() -> None:
    queue = deque([group(1)])
    assert pack(queue, group(1), 50) == []
    assert len(queue) == 1


def test_group_with_the_mark_leaves_alone_and_is_passed_over_by_others() -> None:
    queue = deque([group(1), group(1, "$result[a]"), group(1)])
    alone = queue[1]
    assert sizes(pack(queue, queue[0], 50)) == [1, 1]
    assert pack(queue, alone, 50) == [alone]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30), st.integers(1, 50))
def test_every_group_leaves_once_whole_and_in_order_of_its_size_class(counts: list[int], limit: int) -> None:
    queue = deque(group(count) for count in counts)
    expected, sent = list(queue), []
    while queue:
        taken = pack(queue, queue[0], limit)
        assert sum(sizes(taken)) <= max(limit, len(taken[0].calls))
        sent += taken
    assert sorted(map(id, sent)) == sorted(map(id, expected))


def write(number: int = 1) -> Group:
    """Строит группу из одной записи."""
    return Group([Call("crm.deal.update", {"id": number})])


@pytest.mark.parametrize(
    ("reads", "writes", "leads"),
    [
        (1, 0, "поиск"),
        (MANY_READS - 1, 1, "запись"),
        (MANY_READS, FULL - 1, "поиск"),
        (MANY_READS, FULL, "запись"),
    ],
)
def test_searches_lead_when_enough_of_them_have_gathered(reads: int, writes: int, leads: str) -> None:
    waiting = [*(group(1) for _ in range(reads)), *(write() for _ in range(writes))]
    leader = next_leader(waiting)
    assert leader is not None
    assert leader.writes is (leads == "запись")


def test_empty_queue_has_no_leader() -> None:
    assert next_leader([]) is None


def test_many_writes_do_not_hold_a_search_for_as_long_as_they_take() -> None:
    queue = deque([group(1), *(write(number) for number in range(FEW_WRITES + 1)), group(1)])
    assert [item.writes for item in pack(queue, queue[0], 50)] == [False, False]


def test_few_writes_and_searches_leave_together() -> None:
    queue = deque([group(1), *(write(number) for number in range(FEW_WRITES)), group(1)])
    assert len(pack(queue, queue[0], 50)) == FEW_WRITES + 2


def test_room_left_by_writes_is_given_to_searches() -> None:
    queue = deque([write(1), group(1), write(2), group(1)])
    assert [item.writes for item in pack(queue, queue[0], 3)] == [True, True, False]


def test_nobody_is_passed_over_for_ever() -> None:
    lone = group(1)
    queue = deque([lone, *(write(number) for number in range(400))])
    sent = []
    while lone in queue:
        leader = next_leader(queue)
        assert leader is not None
        sent.append(pack(queue, leader, 50))
    assert len(sent) == PATIENCE + 1


def test_packet_never_holds_more_commands_than_it_may() -> None:
    twins = Group([Call("crm.deal.list", {"filter": {f"@{KEY}": [str(n)]}}, keyed=KEY) for n in range(2)])
    full = search(*(f"F1_{number}" for number in range(MERGED_KEYS - 1)))
    queue = deque([full, twins])
    assert pack(queue, full, 1) == [full]


def work_of(waiting: int) -> int:
    """Возвращает, сколько вызовов функций стоит укладка такой очереди."""
    queue, counted = deque(search(f"F1_{number}") for number in range(waiting)), [0]

    def count(frame: object, event: str, argument: object) -> None:
        counted[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        pack(queue, queue[0], 50)
    finally:
        sys.setprofile(None)
    return counted[0]


def test_work_of_packing_grows_with_the_queue_not_with_its_square() -> None:
    assert work_of(400) < 3 * work_of(200)


def test_searches_parted_once_are_not_merged_again() -> None:
    groups = [search("F1_1"), search("F1_2")]
    for item in groups:
        item.part()
    layout = lay_out(groups)
    assert len(layout.commands) == 2
    assert layout.slots[0][0].share(rows(*["F1_1"] * PAGE_ROWS)).error is None


def test_searches_of_one_kind_take_one_command() -> None:
    groups = [search(f"F1_{number}") for number in range(1, 11)]
    layout = lay_out(groups)
    assert len(layout.commands) == 1
    assert "F1_7" in next(iter(layout.commands.values()))


def test_a_batch_has_room_for_many_merged_searches() -> None:
    queue = deque(search(f"F1_{number}") for number in range(1, 201))
    assert len(pack(queue, queue[0], 3)) == 3 * MERGED_KEYS


def test_searches_of_different_kinds_stay_apart() -> None:
    groups = [search("F1_1"), search("F1_2", method="crm.item.list"), group(1)]
    assert len(lay_out(groups).commands) == 3


def test_rows_of_a_merged_answer_go_to_their_owners() -> None:
    groups = [search("F1_1", "F2_1"), search("F1_2"), search("F1_3")]
    assert shared(groups, rows("F1_2", "F2_1", "F1_1")) == [["F2_1", "F1_1"], ["F1_2"], []]


def test_keys_are_compared_as_the_portal_compares_them() -> None:
    groups = [search("F1_1"), search("F1_2")]
    assert shared(groups, rows("f1_1", "F1_2 ")) == [["f1_1"], ["F1_2 "]]


def test_foreign_rows_are_shown_to_everyone_so_that_the_deceit_is_noticed() -> None:
    groups = [search("F1_1"), search("F1_2")]
    assert shared(groups, rows("чужое", "F1_1")) == [["чужое", "F1_1"]] * 2


def test_full_page_of_a_merged_search_is_not_believed() -> None:
    layout = lay_out([search("F1_1"), search("F1_2")])
    with pytest.raises(PageFull):
        layout.slots[0][0].share(rows(*["F1_1"] * PAGE_ROWS))


def test_full_page_of_a_search_of_its_own_is_its_own() -> None:
    slot = lay_out([search("F1_1")]).slots[0][0]
    assert len(slot.share(rows(*["F1_1"] * PAGE_ROWS)).get()) == PAGE_ROWS


def test_failure_of_a_merged_search_is_everyones_failure() -> None:
    failure = Answer(error=NetworkError("обрыв"))
    assert [slots[0].share(failure) for slots in lay_out([search("F1_1"), search("F1_2")]).slots] == [
        failure
    ] * 2


def test_plain_call_keeps_its_answer_as_it_is() -> None:
    assert Slot("g0c0").share(Answer({"ID": 1})).get() == {"ID": 1}


# --- Телефоны ------------------------------------------------------------------------------------


def phones(*values: str, kind: str = "CONTACT") -> Group:
    """Строит группу из поиска людей по телефонам."""
    params = {"type": "PHONE", "values": list(values), "entity_type": kind}
    return Group([Call("crm.duplicate.findbycomm", params, keyed="values")])


def test_phones_of_one_kind_leave_as_one_command_of_twenty_values_at_most() -> None:
    groups = [phones(*(f"{number}{form}" for form in range(4))) for number in range(6)]
    layout = lay_out(groups)
    assert [text.count("values%5B") for text in layout.commands.values()] == [20, 4]


def test_kinds_of_people_are_never_asked_together() -> None:
    assert len(lay_out([phones("1"), phones("1", kind="LEAD")]).commands) == 2


def test_found_people_are_given_to_every_owner_marked_as_shared() -> None:
    slots = [slots[0] for slots in lay_out([phones("1"), phones("2")]).slots]
    answers = [slot.share(Answer({"CONTACT": [7, 8]})) for slot in slots]
    assert [(answer.value, answer.shared) for answer in answers] == [({"CONTACT": [7, 8]}, True)] * 2


def test_people_of_equal_phones_belong_to_both_and_are_not_shared() -> None:
    slots = [slots[0] for slots in lay_out([phones("1"), phones("1")]).slots]
    assert [slot.share(Answer({"CONTACT": [7]})).shared for slot in slots] == [False, False]


@pytest.mark.parametrize(("found", "is_cut"), [(CUT - 1, False), (CUT, True)])
def test_shared_answer_that_could_be_cut_is_asked_again_apart(found: int, is_cut: bool) -> None:
    slot = lay_out([phones("1"), phones("2")]).slots[0][0]
    with pytest.raises(PageFull) if is_cut else nullcontext():
        slot.share(Answer({"CONTACT": list(range(1, found + 1))}))


@given(st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True), min_size=1, max_size=60))
def test_every_owner_gets_exactly_the_rows_of_its_keys(owners: list[list[int]]) -> None:
    groups = [search(*(f"F1_{number}" for number in numbers)) for numbers in owners]
    layout = lay_out(groups)
    for numbers, slots in zip(owners, layout.slots, strict=True):
        asked = [f"F1_{number}" for number in numbers]
        answer = rows(*sorted(uid.upper() for uid in slots[0].asked))
        assert sorted(row[KEY] for row in slots[0].share(answer).get()) == sorted(asked)
        assert len(slots[0].asked) <= MERGED_KEYS


@pytest.mark.parametrize(("company", "taken"), [(1, 1), (2, 2), (3, 3)])
def test_refused_group_has_at_most_its_company_in_a_packet(company: int, taken: int) -> None:
    """Пакет, отвергнутый целиком, делят: виновная группа остаётся одна."""
    groups = [group(1) for _ in range(5)]
    groups[0].company = company
    packet = Packet(50)
    assert [packet.take(one) for one in groups].count(True) == taken
