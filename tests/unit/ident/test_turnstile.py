"""Очередь к соединению: по одному, человек впереди обмена."""

import threading

from services.ident.connection import Turnstile
from tests.support.node import eventually


def test_urgent_goes_before_those_who_waited_longer() -> None:
    turnstile, passed = Turnstile(), list[str]()

    def go(name: str, urgent: bool) -> None:
        with turnstile.turn(urgent):
            passed.append(name)

    with turnstile.turn():
        usual = [threading.Thread(target=go, args=(f"обмен {number}", False)) for number in range(5)]
        for thread in usual:
            thread.start()
        eventually(lambda: waiting(turnstile) == 5)
        urgent = threading.Thread(target=go, args=("человек", True))
        urgent.start()
        eventually(lambda: waiting(turnstile) == 6)
        assert passed == []
    for thread in [*usual, urgent]:
        thread.join(10)
    assert passed[0] == "человек"
    assert sorted(passed[1:]) == [f"обмен {number}" for number in range(5)]


def test_failure_frees_the_turn() -> None:
    turnstile = Turnstile()
    try:
        with turnstile.turn():
            raise ValueError
    except ValueError:
        pass
    with turnstile.turn(urgent=True):
        assert True


def waiting(turnstile: Turnstile) -> int:
    """Возвращает, сколько потоков стоит в очереди."""
    return len(turnstile._changed._waiters)  # type: ignore[attr-defined]
