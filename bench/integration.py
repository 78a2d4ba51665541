"""Сама интеграция в замере: настоящие исполнитель Celery и Redis, у каждого приёма своя задача."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.installation import send_extract
from bench.work import Visit, appear, register
from config.loader import CONFIG_VARIABLE
from demo.portal.server import PortalServer
from tests.support.world import World

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "F1"
START_SECONDS, WAIT_SECONDS, STOP_SECONDS = 30.0, 1800.0, 40.0


class Integration:
    """Клиника с пациентами на SQLite и один исполнитель; пределы портала — как в работе."""

    name = "интеграция (задача на приём)"

    def __init__(
        self, folder: Path, redis_url: str, portal: PortalServer, /, **sections: dict[str, object]
    ) -> None:
        defaults = {"requests_per_second": 2.0, "burst": 2, "linger": 0.03}
        portal_section = {**defaults, **sections.pop("portal", {})}
        self._world = World(folder, redis_url, portal, portal=portal_section, **sections)
        self.services, self.settings_path = self._world.services, self._world.path
        self._folder = folder
        # Первый запуск идёт с увеличенной паузой (СПЕЦ 3.1.3): замеряется обычный цикл, а не он.
        list(self.services.branch(BRANCH).extract.packets())

    def __enter__(self) -> Self:
        with (self._folder / "worker.log").open("ab") as output:
            command = ("-m", "celery", "-A", "tasks", "worker", "--pool", "threads")
            self.process = subprocess.Popen(
                [sys.executable, *command, "--without-gossip", "--without-mingle"],
                env={**os.environ, CONFIG_VARIABLE: str(self.settings_path), "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )
        self._await_worker()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=STOP_SECONDS)
        self._world.close()

    def create(self, visits: Sequence[Visit]) -> None:
        """Записывает приёмы в Ident и ждёт их сделок."""
        register(self._world.ident, visits)
        self._run(created=len(visits))

    def update(self, visits: Sequence[Visit]) -> None:
        """Отмечает приход пациентов и ждёт изменения сделок."""
        appear(self._world.ident, visits)
        self._run(updated=len(visits))

    def unchanged(self, visits: Sequence[Visit]) -> None:
        """Делает выборку, в которой ничего не изменилось."""
        before = self._notes()
        self._extract()
        self._wait(lambda: self._notes() != before)

    def _run(self, **expected: int) -> None:
        """Запускает выборку и ждёт, пока очередь опустеет и нужное число записей дойдёт."""
        wanted = {name: self._counted(name) + count for name, count in expected.items()}
        self._extract()
        self._wait(lambda: all(self._counted(name) >= count for name, count in wanted.items()))

    def _extract(self) -> None:
        send_extract(self.settings_path, BRANCH)

    def _counted(self, event: str) -> int:
        now = self.services.clock.now()
        totals = self.services.store.stats.totals(BRANCH, now.replace(hour=0, minute=0), now)
        return int(totals.get(event, 0))

    def _notes(self) -> str:
        return self.services.store.stats.notes(BRANCH).get("last_success", "")

    def _wait(self, ready: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("замер не закончился: смотрите worker.log")
            time.sleep(0.05)

    def _await_worker(self) -> None:
        before = self._notes()
        self._extract()
        deadline = time.monotonic() + START_SECONDS
        while self._notes() == before:
            if time.monotonic() > deadline:
                raise RuntimeError("исполнитель не поднялся: смотрите worker.log")
            time.sleep(0.05)
