"""Группы вызовов и размер пакета, с которым портал справится вовремя (ADR 0007)."""

import threading
from collections.abc import Sequence
from math import ceil, sqrt

from services.bitrix.calls import NEW_CONTACT, Answer, Call, contains_mark
from services.bitrix.encoding import command
from services.domain.errors import SyncError
from services.domain.outbox import Permit

MAX_COMMANDS = 50
#: Мельче пакет не дробят: при немногих ждущих выигрыш меньше задержки самого запроса.
FEWEST = 25
NOBODY_REFUSED = 10_000
TARGET_SECONDS = 20.0
START_SECONDS_PER_COMMAND = 0.1
#: Связь, а не работа портала: по одиночному вызову через медленный канал нельзя судить о времени команды.
NETWORK_SECONDS = 1.0


class Group:
    """Группа вызовов одного заказчика: ждёт, пока её возьмут и вернут с ответами."""

    def __init__(self, calls: Sequence[Call], permit: Permit | None = None) -> None:
        if len(calls) > MAX_COMMANDS:
            raise ValueError(f"в группе не больше {MAX_COMMANDS} вызовов")
        self.calls = calls
        # Записываем сразу: негодное значение — беда заказчика, а не соседей по пакету.
        self.commands = [command(call) for call in calls]
        #: Пишет ли группа: ею приём кончается, и она идёт раньше чужих поисков.
        self.writes = not all(call.reads for call in calls)
        self.permit = permit if self.writes else None
        #: Придёт ли заказчик с ответом за новым запросом: за поиском идёт запись, за контактом — его сделка.
        self.returns = not self.writes or any(call.method == NEW_CONTACT for call in calls)
        #: Безвреден ли повтор всей группы.
        self.repeatable = all(call.repeatable for call in calls)
        self.alone = any(contains_mark(call.params) for call in calls)
        #: Виды поисков: поиски одного вида пакет склеивает; пусто — команда сама по себе.
        self.kinds = [command(call.asking(())) if call.keyed else "" for call in calls]
        #: Сколько групп, самое большее, едет с ней: отказ целому пакету ищут, деля его пополам.
        self.company = NOBODY_REFUSED
        self.answers: list[Answer] = []
        self.done = False
        self.resends = self.passed = 0
        #: Когда встала в очередь и сколько в ней простояла за все отправки: ждать предел — не работать.
        self.lined_up_at = self.waited = 0.0
        self._woken = threading.Event()

    def part(self) -> None:
        """Запрещает склеивать поиски группы с чужими: общий ответ был обрезан."""
        self.kinds = [""] * len(self.calls)

    def wake(self) -> None:
        self._woken.set()

    def must_lead(self) -> bool:
        """Ждёт ответов или своей очереди вести отправку; False — ответы есть."""
        self._woken.wait()
        self._woken.clear()
        return not self.done

    def finish(self, answers: Sequence[Answer]) -> None:
        if not self.done:
            self.answers, self.done = list(answers), True
        self._woken.set()

    def fail(self, error: SyncError) -> None:
        self.finish([Answer(error=error) for _ in self.calls])


class BatchSize:
    """Размер пакета по измеренному времени команды: запрос остаётся далеко от 60 секунд портала.

    ``interval`` — секунд между запросами: из этого предела следует, каким пакетом ждущие кончатся раньше.
    """

    def __init__(self, most: int = MAX_COMMANDS, interval: float = 0.5) -> None:
        self._most, self._interval, self._per_command = most, interval, START_SECONDS_PER_COMMAND
        self._lock = threading.Lock()

    def now(self, waiting: int = MAX_COMMANDS**2) -> int:
        """Возвращает число команд, которое портал успеет за отведённое время, для стольких групп.

        Пакет отвечает весь сразу, а пакеты перекрываются. k пакетов на n команд кончатся через
        (k - 1) · предел + n / k · команда — раньше всего при размере √(n · предел / команда).
        """
        with self._lock:
            soonest = ceil(sqrt(waiting * self._interval / self._per_command))
            in_time = int(TARGET_SECONDS / self._per_command)
            return max(1, min(self._most, in_time, max(soonest, FEWEST)))

    def took(self, commands: int, seconds: float, reads_only: bool = False) -> None:
        """Учитывает запрос, и одиночный; медленный учитывается сразу, быстрый — наполовину.

        Быстрое чтение о записях не говорит: оно возвращает лишь к начальной оценке.
        """
        measured = max(seconds - NETWORK_SECONDS, 0.0) / max(commands, 1)
        if reads_only:
            measured = max(measured, min(START_SECONDS_PER_COMMAND, self._per_command))
        with self._lock:
            weight = 1.0 if measured > self._per_command else 0.5
            nearer = self._per_command + (measured - self._per_command) * weight
            self._per_command = min(max(nearer, 0.001), TARGET_SECONDS)
