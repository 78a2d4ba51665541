"""Сама интеграция в замере: настоящие узел и Redis, у каждого приёма своя задача."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.installation import SETTLE_SECONDS, send_extract
from bench.work import Visit, appear, register
from config.loader import CONFIG_VARIABLE
from demo.broker import free_port
from demo.portal.server import PortalServer
from tests.support.world import World

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "F1"
START_SECONDS, WAIT_SECONDS, STOP_SECONDS = 30.0, 1800.0, 40.0


class Integration:
    """Клиника с пациентами на SQLite и один узел; пределы портала — как в работе, выборка — по команде."""

    name = "интеграция (задача на приём)"
    #: Секунд работы над записью, без ожидания предела портала (постановление 34).
    working = 0.0

    def __init__(
        self, folder: Path, redis_url: str, portal: PortalServer, /, **sections: dict[str, object]
    ) -> None:
        defaults = {"requests_per_second": 2.0, "burst": 2}
        portal_section = {**defaults, **sections.pop("portal", {})}
        own = {"monitor": {"port": free_port()}, "sync": {"interval": 86_400}, **sections}
        self._world = World(folder, redis_url, portal, portal=portal_section, **own)
        self.services, self.settings_path = self._world.services, self._world.path
        self._folder = folder
        # Первый запуск идёт с увеличенной паузой (СПЕЦ 3.1.3): замеряется обычный цикл, а не он.
        list(self.services.branch(BRANCH).feeds["receptions"].extract.packets())

    def __enter__(self) -> Self:
        with (self._folder / "worker.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "run"],
                env={**os.environ, CONFIG_VARIABLE: str(self.settings_path)},
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )
        self._await_worker()
        time.sleep(SETTLE_SECONDS)
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
        self._run()

    def update(self, visits: Sequence[Visit]) -> None:
        """Отмечает приход пациентов и ждёт изменения сделок."""
        appear(self._world.ident, visits)
        self._run()

    def unchanged(self, visits: Sequence[Visit]) -> None:
        """Делает выборку, в которой ничего не изменилось."""
        self._run()

    def _run(self) -> None:
        """Запускает выборку и ждёт, пока она кончится и очередь отправки опустеет."""
        before, spent = self._notes(), self.services.store.stats.grand(BRANCH)
        self._extract()
        self._wait(lambda: self._notes() != before and not self.services.store.outbox.size(BRANCH))
        grown = {
            name: total - spent.get(name, 0.0)
            for name, total in self.services.store.stats.grand(BRANCH).items()
        }
        self.working = grown.get("seconds", 0.0) / max(grown.get("timed", 0.0), 1.0)

    def _extract(self) -> None:
        send_extract(self.settings_path, BRANCH)

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
