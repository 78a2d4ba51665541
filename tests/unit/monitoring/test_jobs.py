"""Долгое дело страницы: одно за раз, переживает вопросы, называет беду без личных данных."""

import threading
from collections.abc import Callable, Generator

import pytest

from config.loader import ConfigError
from monitoring.jobs import Job, Run
from services.domain.errors import DatabaseError


def ended(job: Job[int]) -> Run[int]:
    """Дожидается конца дела."""
    for thread in threading.enumerate():
        if thread.name == "page-job":
            thread.join(10)
    run = job.state()
    assert run is not None
    assert not run.goes
    return run


def numbers(*found: int) -> Callable[[], Generator[int, None, None]]:
    """Возвращает дело, которое находит эти числа."""

    def work() -> Generator[int, None, None]:
        yield from found

    return work


def failing(error: Exception) -> Callable[[], Generator[int, None, None]]:
    """Возвращает дело, которое находит единицу и ломается."""

    def work() -> Generator[int, None, None]:
        yield 1
        raise error

    return work


class Gate:
    """Дело, которое ждёт, пока его отпустят."""

    def __init__(self) -> None:
        self.open, self.closed = threading.Event(), threading.Event()

    def work(self) -> Generator[int, None, None]:
        """Находит числа; о закрытии сообщает."""
        try:
            yield 1
            self.open.wait(10)
            yield 2
            yield 3
        finally:
            self.closed.set()


def test_nothing_is_known_before_the_first_run() -> None:
    assert Job[int]().state() is None


def test_results_stay_after_the_end() -> None:
    job = Job[int]()
    assert job.start("F1", numbers(1, 2, 3))
    run = ended(job)
    assert (run.about, list(run.items), run.error, run.stopped) == ("F1", [1, 2, 3], "", False)


def test_only_the_last_results_are_kept_when_told_so() -> None:
    job = Job[int](kept=1)
    job.start("", numbers(1, 2, 3))
    assert list(ended(job).items) == [3]


def test_second_start_does_not_disturb_the_one_that_goes() -> None:
    job, gate = Job[int](), Gate()
    assert job.start("первое", gate.work)
    assert not job.start("второе", numbers(9))
    gate.open.set()
    run = ended(job)
    assert (run.about, list(run.items)) == ("первое", [1, 2, 3])
    assert job.start("второе", numbers(9))
    assert list(ended(job).items) == [9]


def test_stopped_run_closes_its_work_and_keeps_what_was_found() -> None:
    job, gate = Job[int](), Gate()
    job.start("", gate.work)
    job.stop()
    gate.open.set()
    run = ended(job)
    assert run.stopped
    assert 3 not in run.items
    assert gate.closed.is_set()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DatabaseError("База Ident не ответила"), "База Ident не ответила"),
        (ConfigError("Нет файла"), "Нет файла"),
        (KeyError("Иванов"), "Не выполнилось: KeyError в test_jobs, строка"),
    ],
)
def test_trouble_is_named_without_people(error: Exception, told: str) -> None:
    job = Job[int]()
    job.start("", failing(error))
    run = ended(job)
    assert run.error.startswith(told)
    assert "Иванов" not in run.error
    assert list(run.items) == [1]
