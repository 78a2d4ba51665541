"""Укладка групп: целиком, по очереди, не больше, чем портал успеет."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix.batching import MAX_COMMANDS, BatchSize, Group, pack
from services.bitrix.calls import Answer, Call
from services.domain.errors import NetworkError


def group(size: int, text: str = "") -> Group:
    """Строит группу чтений."""
    return Group([Call("crm.deal.get", {"id": number, "text": text}) for number in range(size)])


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


def test_group_larger_than_a_batch_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="не больше 50"):
        group(MAX_COMMANDS + 1)


def test_first_outcome_of_a_group_is_final() -> None:
    one = group(2)
    one.finish([Answer(1), Answer(2)])
    one.fail(NetworkError("поздно"))
    assert [answer.get() for answer in one.answers] == [1, 2]


@pytest.mark.parametrize(("repeatable", "expected"), [([True, True], True), ([True, False], False)])
def test_group_is_repeatable_only_as_a_whole(repeatable: list[bool], expected: bool) -> None:
    calls = [Call("crm.deal.get", {}, repeatable=flag) for flag in repeatable]
    assert Group(calls).repeatable is expected


def test_batch_starts_full() -> None:
    assert BatchSize().now() == MAX_COMMANDS


def test_slow_portal_makes_batches_smaller_at_once() -> None:
    size = BatchSize()
    size.took(commands=50, seconds=100.0)
    assert size.now() == 10


def test_very_slow_portal_still_gets_one_command_at_a_time() -> None:
    size = BatchSize()
    size.took(commands=1, seconds=60.0)
    assert size.now() == 1


def test_recovered_portal_gets_full_batches_again_little_by_little() -> None:
    size = BatchSize()
    size.took(commands=50, seconds=100.0)
    seen = []
    for _ in range(20):
        size.took(commands=10, seconds=0.5)
        seen.append(size.now())
    assert seen == sorted(seen)
    assert seen[0] < MAX_COMMANDS == seen[-1]


def test_limit_of_the_settings_is_kept() -> None:
    assert BatchSize(most=7).now() == 7
