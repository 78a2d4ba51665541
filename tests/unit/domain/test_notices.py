"""Рассылка тревог: не чаще раза в час на повод, один отбой, мигание никого не будит."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.alarms import Alarm, Cause
from services.domain.notices import Decision, Memory, decide

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
DISK = Alarm(Cause.DISK, "Диск занят", "", "")
LOST = Alarm(Cause.IDENT_LOST, "Нет связи", "", "", "D1")


def play(*minutes: tuple[int, list[Alarm]]) -> list[tuple[int, list[str], list[str]]]:
    """Проигрывает тревоги по минутам; возвращает, что разослано и по чему дан отбой."""
    memory: Mapping[str, Memory] = {}
    told = []
    for minute, standing in minutes:
        decision: Decision = decide(standing, memory, START + timedelta(minutes=minute))
        memory = decision.memory
        told.append((minute, [alarm.key for alarm in decision.send], list(decision.clear)))
    return told


def test_alarm_is_sent_at_once_and_then_once_an_hour() -> None:
    told = play(*[(minute, [DISK]) for minute in range(125)])
    assert [minute for minute, sent, _ in told if sent] == [0, 60, 120]


def test_causes_do_not_share_their_hour() -> None:
    told = play((0, [DISK]), (1, [DISK, LOST]), (2, [DISK, LOST]))
    assert [sent for _, sent, _ in told] == [["disk"], ["ident_lost:D1"], []]


def test_all_clear_is_given_once_after_a_calm() -> None:
    told = play((0, [DISK]), *[(minute, []) for minute in range(1, 10)])
    assert [minute for minute, _, clear in told if clear] == [3]


def test_blinking_cause_wakes_nobody_twice_within_an_hour() -> None:
    blinking = [(minute, [DISK] if minute % 2 == 0 else []) for minute in range(59)]
    told = play(*blinking)
    assert [minute for minute, sent, _ in told if sent] == [0]
    assert not any(clear for _, _, clear in told)


def test_cause_that_came_back_within_the_hour_waits_for_it() -> None:
    told = play((0, [DISK]), (10, []), (14, []), *[(minute, [DISK]) for minute in range(20, 70)])
    assert [minute for minute, sent, _ in told if sent] == [0, 60]
    assert [minute for minute, _, clear in told if clear] == [10]


def test_unsent_return_gives_no_second_all_clear() -> None:
    told = play((0, [DISK]), (10, []), (20, [DISK]), (30, []))
    assert [minute for minute, _, clear in told if clear] == [10]


@pytest.mark.parametrize("later", [121, 500])
def test_old_cause_is_forgotten(later: int) -> None:
    decision = decide(
        [],
        decide([], decide([DISK], {}, START).memory, START + timedelta(minutes=5)).memory,
        START + timedelta(minutes=later),
    )
    assert decision.memory == {}
