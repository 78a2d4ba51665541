"""Общий вопрос: кто спросил, пока идёт прежний вопрос, получит ответ из следующего, одного на всех.

Каждая запись перечитывается перед отправкой (ADR 0003), а соединение с базой одно: по одной записи за вопрос
очередь к нему держала бы и отправку, и саму выборку.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from services.domain.errors import RetriableError

#: Сколько номеров помещается в один вопрос к базе (config/sql).
MOST = 50

Row = TypeVar("Row")


class _Question(Generic[Row]):
    """Один вопрос: номера тех, кто успел до его начала, и общий ответ; None — каждый спросит сам."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.answer: Future[Mapping[int, Row] | None] = Future()


class Gathering(Generic[Row]):
    """Собирает вопросы об одном номере; каждый ответ прочитан после того, как о нём спросили."""

    def __init__(self, read: Callable[[Sequence[int]], Mapping[int, Row]]) -> None:
        self._read = read
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._open: _Question[Row] | None = None

    def ask(self, number: int) -> Mapping[int, Row]:
        """Возвращает ответ, в котором строка номера есть, если есть в базе; сбой чтения — его же ошибка.

        Сбой общего вопроса никому не приговор: каждый спрашивает о своём сам.
        """
        question, leads = self._joined(number)
        if leads:
            with self._turn:
                self._put(question)
        found = question.answer.result()
        return self._read([number]) if found is None else found

    def _joined(self, number: int) -> tuple[_Question[Row], bool]:
        """Возвращает вопрос, который ещё не начат, и задаёт ли его этот поток."""
        with self._lock:
            if self._open is None or len(self._open.numbers) >= MOST:
                self._open = _Question()
            self._open.numbers.append(number)
            return self._open, len(self._open.numbers) == 1

    def _put(self, question: _Question[Row]) -> None:
        with self._lock:
            if self._open is question:
                self._open = None
        found = None
        try:
            found = self._read(question.numbers)
        except RetriableError:
            if len(question.numbers) == 1:
                raise
        finally:
            question.answer.set_result(found)
