"""Время методов: метод останавливается раньше, чем его остановит портал."""

import pytest

from services.bitrix.operating import OperatingGate
from services.bitrix.responses import OperationTimeLimit

LIMIT = 480.0


class Watch:
    """Часы, которые переводит проверка."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    """Часы."""
    return Watch()


@pytest.fixture
def gate(watch: Watch) -> OperatingGate:
    """Память о времени методов."""
    return OperatingGate(LIMIT, watch)


def wait_of(gate: OperatingGate, method: str) -> float:
    """Возвращает, сколько методу ещё стоять."""
    with pytest.raises(OperationTimeLimit) as caught:
        gate.check(method)
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def test_unknown_method_may_be_called(gate: OperatingGate) -> None:
    gate.check("crm.deal.add")
    assert gate.spent() == {}


def test_method_with_time_left_may_be_called(gate: OperatingGate) -> None:
    gate.note("crm.deal.add", {"operating": 469.9, "operating_reset_at": 1500})
    gate.check("crm.deal.add")
    assert gate.spent() == {"crm.deal.add": 469.9}


def test_method_near_its_limit_waits_for_the_reset(gate: OperatingGate, watch: Watch) -> None:
    gate.note("crm.deal.add", {"operating": 470.0, "operating_reset_at": 1090})
    assert wait_of(gate, "crm.deal.add") == 90.0
    watch.now = 1090.0
    gate.check("crm.deal.add")


def test_other_methods_go_on(gate: OperatingGate) -> None:
    gate.note("crm.deal.add", {"operating": 480.0, "operating_reset_at": 1090})
    gate.check("crm.deal.update")


@pytest.mark.parametrize(
    ("reset", "wait"), [(1001, 10.0), (900, 10.0), (99999, 600.0), (None, 10.0), ("скоро", 10.0)]
)
def test_wait_is_neither_hasty_nor_endless(gate: OperatingGate, reset: object, wait: float) -> None:
    gate.note("crm.deal.add", {"operating": 480.0, "operating_reset_at": reset})
    assert wait_of(gate, "crm.deal.add") == wait


@pytest.mark.parametrize("timing", [{}, {"operating": None}, {"operating": "много"}, {"operating": True}])
def test_answer_without_figures_changes_nothing(gate: OperatingGate, timing: dict[str, object]) -> None:
    gate.note("crm.deal.add", timing)
    gate.check("crm.deal.add")
    assert gate.spent() == {}


def test_refusal_of_the_portal_stops_the_method_for_a_while(gate: OperatingGate) -> None:
    assert gate.refused("crm.deal.add") == 10.0
    assert wait_of(gate, "crm.deal.add") == 10.0


def test_refusal_does_not_shorten_a_known_wait(gate: OperatingGate) -> None:
    gate.note("crm.deal.add", {"operating": 480.0, "operating_reset_at": 1300})
    assert gate.refused("crm.deal.add") == 300.0


def test_clock_turned_back_does_not_stop_the_method_for_hours() -> None:
    now = [10_000.0]
    gate = OperatingGate(480, lambda: now[0])
    gate.refused("crm.deal.add")
    now[0] -= 7200
    gate.check("crm.deal.add")


def test_resting_method_counts_no_attempt() -> None:
    gate = OperatingGate(480, lambda: 1000.0)
    gate.refused("crm.deal.add")
    with pytest.raises(OperationTimeLimit) as caught:
        gate.check("crm.deal.add")
    assert not caught.value.attempted
