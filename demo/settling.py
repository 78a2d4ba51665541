"""Проход ``demo --once``: послать выборки и дождаться, пока очередь отправки опустеет."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from config.loader import CONFIG_VARIABLE
from config.models import Settings
from demo.processes import Processes
from services.container import Services
from services.domain.outbox import EntryState

WAIT_SECONDS, LOOK_SECONDS = 600.0, 0.2
#: Как часто говорить о ходе и просить доотправить оставшееся: расписания (beat) в этом проходе нет.
SHOW_SECONDS, REDRIVE_SECONDS = 2.0, 2.0
#: Новая сделка ставит в очередь снимок планов чуть позже, чем освобождает своё место.
QUIET_LOOKS = 3


class Settling:
    """Ожидание тишины: всё прочитано, очередь пуста."""

    def __init__(self, services: Services, path: Path, say: Callable[[str], None]) -> None:
        self._services, self._path, self._say = services, path, say
        self._branches = [branch.branch_id for branch in services.settings.served]
        self._jobs = _jobs(services.settings)
        self._before = {name: self._finished_at(name) for name in self._jobs}
        self._shown = self._redriven = time.monotonic()
        self._told = ""

    def run(self, processes: Processes) -> int:
        """Ждёт тишины; возвращает, сколько записей осталось ждать."""
        _send(self._path, self._jobs.values())
        deadline, quiet = time.monotonic() + WAIT_SECONDS, 0
        while time.monotonic() < deadline and quiet < QUIET_LOOKS:
            if dead := processes.dead():
                raise SystemExit(f"Процесс {dead[0]} остановился сам:\n{processes.tail(dead[0])}")
            read, left = self._read(), self._left()
            quiet = quiet + 1 if read == len(self._jobs) and not left else 0
            self._show(read, left)
            if read == len(self._jobs) and left:
                self._redrive()
            time.sleep(LOOK_SECONDS)
        return self._left()

    def _read(self) -> int:
        return sum(self._finished_at(name) != before for name, before in self._before.items())

    def _finished_at(self, name: str) -> str | None:
        return self._services.store.stats.notes(name).get("last_success")

    def _left(self) -> int:
        depths = (self._services.store.outbox.depth(branch) for branch in self._branches)
        return sum(
            count for depth in depths for state, count in depth.items() if state is not EntryState.FAILED
        )

    def _show(self, read: int, left: int) -> None:
        text = f"Выполнено выборок: {read} из {len(self._jobs)}, ждёт отправки записей: {left}"
        if text != self._told and time.monotonic() - self._shown > SHOW_SECONDS:
            self._told, self._shown = text, time.monotonic()
            self._say(text)

    def _redrive(self) -> None:
        from tasks.names import REDRIVE

        if time.monotonic() - self._redriven > REDRIVE_SECONDS:
            self._redriven = time.monotonic()
            _send(self._path, [(REDRIVE, branch) for branch in self._branches])


def _jobs(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Возвращает выборки всех лент: под каким именем отмечается итог → задача, филиал, лента."""
    from celeryconfig import beat_table
    from tasks.names import EXTRACT

    lines = [line["args"] for line in beat_table(settings).values() if line["task"] == EXTRACT]
    return {
        branch if feed == "receptions" else f"{branch}.{feed}": (EXTRACT, branch, feed)
        for branch, feed in lines
    }


def _send(settings: Path, jobs: Iterable[tuple[str, ...]]) -> None:
    """Ставит задачи в очередь так же, как их ставит расписание."""
    os.environ[CONFIG_VARIABLE] = str(settings)
    from tasks.app import celery_app
    from tasks.names import CONTROL_PRIORITY, queue_of

    for task, branch, *feed in jobs:
        celery_app.send_task(task, (branch, *feed), queue=queue_of(branch), priority=CONTROL_PRIORITY)
    celery_app.close()
