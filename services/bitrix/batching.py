"""Укладка групп в пакеты: целиком, по очереди, не больше 50 команд (design 2.7)."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from services.bitrix.calls import Answer, Call, contains_mark
from services.bitrix.encoding import command
from services.domain.errors import SyncError

MAX_COMMANDS = 50
TARGET_SECONDS = 20.0
START_SECONDS_PER_COMMAND = 0.1


class Group:
    """Группа вызовов одного заказчика: ждёт, пока её возьмут и вернут с ответами."""

    def __init__(self, calls: Sequence[Call], guard: Callable[[], bool] | None = None) -> None:
        if len(calls) > MAX_COMMANDS:
            raise ValueError(f"в группе не больше {MAX_COMMANDS} вызовов")
        self.calls, self.guard = calls, guard
        # Записываем сразу: негодное значение — беда заказчика, а не соседей по пакету.
        self.commands = [command(call) for call in calls]
        self.answers: list[Answer] = []
        self.done = False
        self.resends = 0
        # Портал подставил бы чужой ответ в текст с «$result»: такая группа ходит по одному вызову.
        self.alone = any(contains_mark(call.params) for call in calls)

    @property
    def repeatable(self) -> bool:
        """Отвечает, безвреден ли повтор всей группы."""
        return all(call.repeatable for call in self.calls)

    def finish(self, answers: Sequence[Answer]) -> None:
        """Отдаёт ответы заказчику."""
        if not self.done:
            self.answers, self.done = list(answers), True

    def fail(self, error: SyncError) -> None:
        """Отдаёт заказчику одну ошибку на все вызовы."""
        self.finish([Answer(error=error) for _ in self.calls])


def pack(waiting: deque[Group], own: Group, size: int) -> list[Group]:
    """Забирает из очереди группу ведущего и те, что уйдут с ней одним запросом.

    Своя уходит всегда, даже если одна больше размера; дальше по очереди — сколько помещается целиком.
    """
    if own not in waiting:
        return []
    waiting.remove(own)
    taken = [own]
    if own.alone:
        return taken
    room, left = size - len(own.calls), deque[Group]()
    while waiting:
        group = waiting.popleft()
        if not group.alone and len(group.calls) <= room:
            taken.append(group)
            room -= len(group.calls)
        else:
            left.append(group)
    waiting.extend(left)
    return taken


class BatchSize:
    """Размер пакета по измеренному времени команды: запрос остаётся далеко от 60 секунд портала."""

    def __init__(self, most: int = MAX_COMMANDS) -> None:
        self._most, self._per_command = most, START_SECONDS_PER_COMMAND
        self._lock = threading.Lock()

    def now(self) -> int:
        """Возвращает число команд, которое портал успеет за отведённое время."""
        with self._lock:
            return max(1, min(self._most, int(TARGET_SECONDS / self._per_command)))

    def took(self, commands: int, seconds: float) -> None:
        """Учитывает выполненный пакет; медленный учитывается сразу, быстрый — постепенно."""
        measured = seconds / max(commands, 1)
        with self._lock:
            weight = 1.0 if measured > self._per_command else 0.2
            self._per_command += (max(measured, 0.001) - self._per_command) * weight
