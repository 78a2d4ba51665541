"""Общий вопрос: один на всех, кто ждал, не старше спросившего, и чужой сбой никому не приговор."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from services.domain.errors import DatabaseError, RetriableError
from services.sync.gathering import MOST, Gathering
from tests.support.node import eventually

FAILS, BREAKS = 13, 666
#: Сколько бы ни стоило в очереди, потоков хватит всем.
CROWD = 2 * MOST + 5


class Base:
    """База: помнит вопросы; первый стоит, пока его не отпустят; 13 и 666 срывают всякий свой вопрос."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.version, self.free = 1, threading.Event()

    def read(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Отвечает о номерах; чётных больше тысячи в базе нет."""
        self.asked.append(list(numbers))
        said = {n: f"{n} v{self.version}" for n in numbers if n < 1000 or n % 2}
        assert self.free.wait(20)
        if FAILS in numbers:
            raise DatabaseError(f"сбой на {len(numbers)}")
        if BREAKS in numbers:
            raise SystemExit
        return said


class Queue:
    """Потоки, спросившие, пока идёт вопрос о номере 1."""

    def __init__(self, *numbers: int) -> None:
        self.base, self.pool = Base(), ThreadPoolExecutor(CROWD)
        self.gathering = Gathering[str](self.base.read)
        self.first = self.pool.submit(self.gathering.ask, 1)
        eventually(lambda: bool(self.base.asked))
        self.rest: dict[int, Future[Mapping[int, str]]] = {}
        for number in numbers:
            before = self.waiting()
            self.rest[number] = self.pool.submit(self.gathering.ask, number)
            eventually(lambda before=before: self.waiting() != before)  # type: ignore[misc]

    def waiting(self) -> tuple[int, int]:
        """Возвращает, какой вопрос собирается и сколько в нём."""
        question = self.gathering._open
        return (id(question), len(question.numbers)) if question else (0, 0)

    def answers(self) -> Mapping[int, str | None]:
        """Отпускает базу и возвращает, что услышал каждый."""
        self.base.free.set()
        return {number: asked.result(20).get(number) for number, asked in self.rest.items()}


def test_the_only_one_asks_at_once_about_itself_alone() -> None:
    base = Base()
    base.free.set()
    gathering = Gathering[str](base.read)
    assert [gathering.ask(7)[7], gathering.ask(8)[8]] == ["7 v1", "8 v1"]
    assert base.asked == [[7], [8]]


def test_those_who_wait_are_asked_about_together_up_to_a_page() -> None:
    numbers = range(100, 100 + MOST + 3)
    queue = Queue(*numbers)
    assert queue.answers() == {n: f"{n} v1" for n in numbers}
    assert queue.base.asked == [[1], list(numbers[:MOST]), list(numbers[MOST:])]


def test_answer_is_never_older_than_the_question() -> None:
    queue = Queue(1, 2)  # о записи 1 спросили снова, пока читалась прежняя её строка
    queue.base.version = 2
    assert queue.answers() == {1: "1 v2", 2: "2 v2"}
    assert queue.first.result(20)[1] == "1 v1"


def test_the_absent_is_absent_for_the_one_who_asked() -> None:
    assert Queue(1002, 1003).answers() == {1002: None, 1003: "1003 v1"}


def test_failure_of_the_common_question_makes_everyone_ask_alone() -> None:
    queue = Queue(2, FAILS, 3)
    queue.base.free.set()
    with pytest.raises(RetriableError, match="сбой на 1"):
        queue.rest[FAILS].result(20)
    del queue.rest[FAILS]
    assert queue.answers() == {2: "2 v1", 3: "3 v1"}
    assert queue.base.asked[1] == [2, FAILS, 3]
    assert sorted(queue.base.asked[2:]) == [[2], [3], [FAILS]]


def test_failure_of_the_only_one_is_asked_once() -> None:
    base = Base()
    base.free.set()
    with pytest.raises(DatabaseError):
        Gathering[str](base.read).ask(FAILS)
    assert base.asked == [[FAILS]]


def test_thread_that_dies_asking_leaves_nobody_waiting() -> None:
    queue = Queue(BREAKS, 4)
    queue.base.free.set()
    assert queue.rest[4].result(20)[4] == "4 v1"
    with pytest.raises(SystemExit):
        queue.rest[BREAKS].result(20)
