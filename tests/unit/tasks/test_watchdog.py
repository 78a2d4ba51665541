"""Присмотр узла за собой: когда он жив, а когда пора завершаться."""

from datetime import timedelta

from tasks.watchdog import Liveness

TERM = timedelta(minutes=4)


class Stopwatch:
    """Часы, которые идут, только когда их переводят."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_fresh_node_is_given_time() -> None:
    assert Liveness(TERM, Stopwatch()).verdict(None) is None


def test_node_without_signs_of_life_is_stuck() -> None:
    clock = Stopwatch()
    liveness = Liveness(TERM, clock)
    clock.seconds = 241
    assert liveness.verdict(None) == "задачи не исполняются"


def test_every_sign_of_life_gives_a_whole_term() -> None:
    clock = Stopwatch()
    liveness = Liveness(TERM, clock)
    clock.seconds = 200
    liveness.alive()
    clock.seconds = 400
    assert liveness.verdict(None) is None


def test_dead_beat_of_a_working_node_is_noticed() -> None:
    assert Liveness(TERM, Stopwatch()).verdict(beat_age=241) == "расписание стоит"


def test_worker_without_a_beat_of_its_own_answers_for_its_tasks_only() -> None:
    assert Liveness(TERM, Stopwatch()).verdict(beat_age=None) is None


def test_node_that_stopped_listening_to_its_branch_is_stuck_after_the_term() -> None:
    """«Cancel consumer» во Flower: собственная очередь разбирается, очередь филиала — нет."""
    clock = Stopwatch()
    liveness = Liveness(TERM, clock)
    assert liveness.verdict(None, {"branch.F1"}) is None
    clock.seconds = 200
    liveness.alive()
    assert liveness.verdict(None, {"branch.F1"}) is None
    clock.seconds = 241
    assert liveness.verdict(None, {"branch.F1"}) == "очереди не разбираются: branch.F1"


def test_queue_listened_to_again_is_forgiven() -> None:
    clock = Stopwatch()
    liveness = Liveness(TERM, clock)
    for clock.seconds in range(0, 1200, 60):
        liveness.alive()
        assert liveness.verdict(None, {"branch.F1"} if clock.seconds % 120 else set()) is None
