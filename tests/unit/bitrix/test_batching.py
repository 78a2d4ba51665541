"""Группы вызовов и размер пакета по времени портала."""

from math import ceil

import pytest

from services.bitrix.batching import FEWEST, MAX_COMMANDS, BatchSize, Group
from services.bitrix.calls import Answer, Call
from services.domain.errors import NetworkError


def group(size: int, text: str = "") -> Group:
    """Строит группу чтений."""
    return Group([Call("crm.deal.get", {"id": number, "text": text}) for number in range(size)])


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


def test_slow_line_is_not_taken_for_a_slow_portal() -> None:
    size = BatchSize()
    size.took(commands=1, seconds=0.9)
    assert size.now() == MAX_COMMANDS


def test_fast_reads_tell_nothing_of_writes_and_slow_ones_do() -> None:
    size = BatchSize()
    size.took(commands=50, seconds=1.0 + 50 * 0.08)
    by_writes = size.now(200)
    size.took(commands=20, seconds=0.3, reads_only=True)
    assert size.now(200) == by_writes
    size.took(commands=20, seconds=61.0, reads_only=True)
    assert size.now() == 6
    for _ in range(20):
        size.took(commands=20, seconds=0.3, reads_only=True)
    assert size.now() == MAX_COMMANDS


def test_stall_of_hours_is_forgotten_as_fast_as_one_of_a_minute() -> None:
    size = BatchSize()
    size.took(commands=1, seconds=10_000.0)
    for _ in range(7):
        size.took(commands=1, seconds=0.2)
    assert size.now() == MAX_COMMANDS


def finish(groups: int, size: int, interval: float, command: float) -> float:
    """Возвращает, когда кончатся записи, уходя пакетами такого размера."""
    packets = ceil(groups / size)
    return (packets - 1) * interval + command * groups / packets


@pytest.mark.parametrize(("interval", "command"), [(0.5, 0.1), (0.5, 0.05), (0.5, 0.3), (2.0, 0.1)])
@pytest.mark.parametrize("groups", [60, 100, 150, 200, 300, 1000])
def test_batch_is_of_the_size_that_ends_the_waiting_soonest(
    groups: int, interval: float, command: float
) -> None:
    size = BatchSize(interval=interval)
    for _ in range(30):
        size.took(commands=10, seconds=1.0 + 10 * command)
    best = min(finish(groups, each, interval, command) for each in range(FEWEST, MAX_COMMANDS + 1))
    assert finish(groups, size.now(groups), interval, command) <= best * 1.05


@pytest.mark.parametrize(("groups", "expected"), [(0, FEWEST), (1, FEWEST), (200, 32), (2000, MAX_COMMANDS)])
def test_few_waiting_are_not_split_finely_and_many_fill_batches(groups: int, expected: int) -> None:
    assert BatchSize().now(groups) == expected


def test_limit_of_the_settings_is_kept() -> None:
    assert BatchSize(most=7).now() == 7
