"""Сцена кампании: клиника, портал за проводом, Redis с журналом и процессы под присмотром службы."""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.campaign.clocks import Clocks
from bench.campaign.wire import Proxy
from config.models import Settings
from demo.clinic.clinic import Clinic
from demo.portal.entities import Edit
from demo.portal.options import PortalOptions
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.site import CURATOR, STAGES, Site, to_toml
from services.container import Services
from services.domain.stages import MANUAL
from tests.support.node import BEAT, NODE, THREADS, Process
from tests.support.redis_process import RedisProcess

#: Во сколько раз ускорены сроки; сами правила те же.
PORTAL_CUT = 3.0
FAST: dict[str, dict[str, Any]] = {
    "portal": {
        "requests_per_second": 30.0,
        "burst": 10,
        "connect_timeout": 2.0,
        "read_timeout": 3.5,
        "uncertainty": 4.0,
    },
    "sync": {
        "interval": 2,
        "reconcile_interval": 15,
        "lease": 6,
        "first_run_pause": 0.05,
    },
    "retries": {
        "network": [1, 2, 4],
        "api": [1, 2, 4],
        "database": [1, 2, 3],
        "breaker": [1, 2, 3],
    },
}
#: Настоящие сроки: для проверки, что восстановление укладывается в две минуты.
REAL: dict[str, dict[str, Any]] = {"portal": {}, "sync": {}, "retries": {}}
TOPOLOGIES: dict[str, dict[str, Sequence[str]]] = {
    "узел": {"node": NODE},
    "роли порознь": {"worker": THREADS, "beat": BEAT},
    "два узла": {"node": (*NODE, "--name", "one"), "second": (*NODE, "--name", "two")},
}


@dataclass(slots=True)
class Role:
    """Процесс, который служба держит запущенным."""

    process: Process
    wanted: bool = True
    restarts: int = 0


class Stage:
    """Всё, что ломают; ``pace`` — ускоренные или настоящие сроки."""

    def __init__(
        self, folder: Path, seed: int, topology: str, visits: int, pace: dict[str, dict[str, Any]] = FAST
    ) -> None:
        self.folder, self.rng, self._topology, self._pace = folder, random.Random(seed), topology, pace
        folder.mkdir(parents=True, exist_ok=True)
        self.site = Site(folder / "clinic", seed, visits)
        self.site.prepare(fresh=True)
        self.clinic: Clinic = self.site.clinic
        self.manual: dict[str, str] = dict(self.site.memory.manual)
        self.clocks = Clocks(folder)
        self.redis = RedisProcess(folder / "redis", aof=True, **self.clocks.variables)
        options = PortalOptions(rate=1000, threshold=1000, cut_after_s=PORTAL_CUT if pace is FAST else 60.0)
        self.portal: PortalServer = self.site.portal(options)
        self.roles: dict[str, Role] = {}
        self._stack, self._stopped = ExitStack(), threading.Event()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.portal)
        self.wire = self._stack.enter_context(Proxy(self.portal.port))
        self._stack.enter_context(self.redis)
        self.path = self.folder / "settings.toml"
        self.path.write_text(to_toml(self._sections()), encoding="utf-8")
        self.settings: Settings = self.site.settings(self.path)
        self.services = Services(self.settings)
        self._stack.callback(self.services.close)
        for name, arguments in TOPOLOGIES[self._topology].items():
            self.roles[name] = self.role(arguments)
        self._stack.callback(self._stop)
        threading.Thread(target=self._supervise, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._stack.close()

    def role(self, arguments: Sequence[str]) -> Role:
        """Запускает ещё один процесс."""
        process = Process(self.path, arguments, **self.clocks.variables)
        process.start()
        return Role(process)

    def move_by_hand(self, uid: str) -> None:
        """Ставит сделку на ручную стадию рукой куратора."""
        with self.portal.state.changing():
            deals = self.portal.state.entities[DEAL].values()
            deal = next((row for row in deals if row.get("UF_CRM_RECEPTION_ID") == uid), None)
            stage = self.rng.choice(sorted(STAGES.get(stage, f"C1:{stage.name}") for stage in MANUAL))
            if deal is not None:
                self.portal.portal.crm.update(DEAL, deal, Edit({"STAGE_ID": stage}, CURATOR))
                self.manual[uid] = stage

    def open_uids(self) -> list[str]:
        """Возвращает ключи открытых сделок: закрытую куратор на ручную стадию не вернёт."""
        with self.portal.state.lock:
            rows = self.portal.state.entities[DEAL].values()
            found = [row for row in rows if row.get("UF_CRM_RECEPTION_ID") and row.get("CLOSED") != "Y"]
            return sorted(str(row["UF_CRM_RECEPTION_ID"]) for row in found)

    def uids(self) -> list[str]:
        """Возвращает ключи сделок портала."""
        with self.portal.state.lock:
            rows = self.portal.state.entities[DEAL].values()
            return sorted(str(row["UF_CRM_RECEPTION_ID"]) for row in rows if row.get("UF_CRM_RECEPTION_ID"))

    def _sections(self) -> dict[str, Any]:
        webhook = self.portal.url.replace(f":{self.portal.port}/", f":{self.wire.port}/")
        stages = {str(stage): code for stage, code in STAGES.items()}
        clinic = self.clinic.settings()
        databases = [{**base, "query_timeout": 1} for base in clinic["databases"]]  # type: ignore[attr-defined]
        return {
            "portal": {"webhook": webhook, "category_id": 1, "stages": stages, **self._pace["portal"]},
            "redis": {"url": self.redis.url},
            **clinic,
            "databases": databases,
            "node": {
                "state_dir": str(self.folder / "state"),
                "concurrency": 30,
                **self._pace.get("node", {}),
            },
            "sync": self._pace["sync"],
            "retries": self._pace["retries"],
            "journal": {"folder": str(self.folder / "logs")},
        }

    def _supervise(self) -> None:
        """Держит процессы запущенными, как служба Windows или systemd."""
        while not self._stopped.wait(0.3):
            for role in list(self.roles.values()):
                if role.wanted and not role.process.alive and not self._stopped.is_set():
                    time.sleep(self.rng.uniform(0, 0.5))
                    role.restarts += 1
                    role.process.start()

    def _stop(self) -> None:
        for role in self.roles.values():
            role.wanted = False
            with suppress(ProcessLookupError, AssertionError):
                role.process.kill()
