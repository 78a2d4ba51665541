"""Присмотр узла за собой: когда он жив, а когда пора завершаться."""

from datetime import timedelta

from tasks.watchdog import Vigil

TERM = timedelta(minutes=4)


class Stopwatch:
    """Часы, которые идут, только когда их переводят."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_fresh_node_is_given_time() -> None:
    assert Vigil(TERM, Stopwatch()).verdict(None) is None


def test_node_without_signs_of_life_is_stuck() -> None:
    clock = Stopwatch()
    vigil = Vigil(TERM, clock)
    clock.seconds = 241
    assert vigil.verdict(None) == "задачи не исполняются"


def test_every_sign_of_life_gives_a_whole_term() -> None:
    clock = Stopwatch()
    vigil = Vigil(TERM, clock)
    clock.seconds = 200
    vigil.alive()
    clock.seconds = 400
    assert vigil.verdict(None) is None


def test_dead_beat_of_a_working_node_is_noticed() -> None:
    assert Vigil(TERM, Stopwatch()).verdict(beat_age=241) == "расписание стоит"


def test_worker_without_a_beat_of_its_own_answers_for_its_tasks_only() -> None:
    assert Vigil(TERM, Stopwatch()).verdict(beat_age=None) is None
