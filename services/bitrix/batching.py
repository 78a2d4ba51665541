"""Группы вызовов и размер пакета, с которым портал справится вовремя (ADR 0007)."""

import threading
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
        self.calls, self._guard = calls, guard
        # Записываем сразу: негодное значение — беда заказчика, а не соседей по пакету.
        self.commands = [command(call) for call in calls]
        self.answers: list[Answer] = []
        self.done = False
        self.resends = 0
        # Портал подставил бы чужой ответ в текст с «$result»: такая группа ходит по одному вызову.
        self.alone = any(contains_mark(call.params) for call in calls)

    def may_leave(self) -> bool:
        """Отвечает, можно ли отправлять: записывающая группа спрашивает сторожа, читающей он не нужен."""
        return not self.writes or self._guard is None or self._guard()

    @property
    def writes(self) -> bool:
        """Отвечает, пишет ли группа: ею приём кончается, и она идёт раньше чужих поисков."""
        return not all(call.reads for call in self.calls)

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
