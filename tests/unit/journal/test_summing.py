"""Отказы незнакомцам: первый виден сразу, остальные сложены по адресу и минуте."""

from collections.abc import Callable
from typing import Any

import pytest

from services.journal.summing import MINUTE, MOST_LINES, OTHERS, SummedRefusals


class Kept:
    """Журнал, который помнит строки."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: object) -> None:
        """Запоминает."""
        self.lines.append({"event": event, **fields})

    info = error = warning


class Clockwork:
    """Время и отложенные вызовы, которые переводят руками."""

    def __init__(self) -> None:
        self.now, self.waiting = 0.0, list[tuple[float, Callable[[], None]]]()

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Откладывает вызов."""
        self.waiting.append((self.now + seconds, call))

    def pass_minute(self) -> None:
        """Проходит минута, отложенное случается."""
        self.now += MINUTE
        due, self.waiting = self.waiting, []
        for _, call in due:
            call()


@pytest.fixture
def kept() -> Kept:
    """Журнал."""
    return Kept()


@pytest.fixture
def clockwork() -> Clockwork:
    """Время."""
    return Clockwork()


@pytest.fixture
def refusals(kept: Kept, clockwork: Clockwork) -> SummedRefusals:
    """Отказы в этот журнал."""
    return SummedRefusals(kept, clockwork, clockwork.later)


def test_first_refusal_is_seen_at_once_and_the_rest_as_their_number(
    refusals: SummedRefusals, kept: Kept, clockwork: Clockwork
) -> None:
    for _ in range(12_000):
        refusals.refused("plan_refused", "10.0.0.9", reason="no_token")
    assert kept.lines == [{"event": "plan_refused", "address": "10.0.0.9", "reason": "no_token"}]
    clockwork.pass_minute()
    assert kept.lines[1:] == [
        {
            "event": "plan_refused",
            "address": "10.0.0.9",
            "reason": "no_token",
            "count": 12_000,
            "message": "всего за минуту",
        }
    ]


def test_single_refusal_is_not_repeated(refusals: SummedRefusals, kept: Kept, clockwork: Clockwork) -> None:
    refusals.refused("plan_refused", "10.0.0.9", reason="no_token")
    clockwork.pass_minute()
    clockwork.pass_minute()
    assert len(kept.lines) == 1


def test_addresses_and_reasons_are_summed_apart(refusals: SummedRefusals, kept: Kept) -> None:
    for address in ("10.0.0.1", "10.0.0.2"):
        for reason in ("no_token", "bad_token"):
            refusals.refused("plan_refused", address, reason=reason)
            refusals.refused("plan_refused", address, reason=reason)
    assert len(kept.lines) == 4


def test_many_addresses_take_a_bounded_number_of_lines(
    refusals: SummedRefusals, kept: Kept, clockwork: Clockwork
) -> None:
    for number in range(5000):
        refusals.refused("plan_refused", f"10.0.{number // 250}.{number % 250}", reason="no_token")
    clockwork.pass_minute()
    assert len(kept.lines) <= MOST_LINES + 2
    assert kept.lines[-1]["address"] == OTHERS
    assert kept.lines[-1]["count"] == 5000 - MOST_LINES


def test_next_minute_begins_anew(refusals: SummedRefusals, kept: Kept, clockwork: Clockwork) -> None:
    for _ in range(2):
        refusals.refused("login_failed", "127.0.0.1", page="monitor")
        clockwork.pass_minute()
    assert len(kept.lines) == 2
