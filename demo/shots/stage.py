"""Площадка снимков: демонстрация, которой велят прожить заданное и притихнуть."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.app_hosting import AppHosting
from demo.broker import broker, free_port
from demo.plan_tab import PlanTab
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.processes import Processes
from demo.settling import Settling
from demo.site import Site
from plan_frontend.packaging import application_zip
from services.container import Services
from services.domain.outbox import EntryState

SEED = 7
INTERVAL_SECONDS = 15
PATIENCE_SECONDS, LOOK_SECONDS = 180.0, 0.5
ALARM_AFTER = timedelta(minutes=1)
#: Приёмы, испорченные в придуманной клинике нарочно, читаются разом: в рабочей клинике такого часа не бывает.
CALM = {"rejected_per_hour": 1000, "no_branch": 1000}


@dataclass(frozen=True, slots=True)
class Stage:
    """Работающая демонстрация и её адреса."""

    site: Site
    settings: Path
    portal: PortalServer
    services: Services
    plans: PlanTab
    monitor: str
    flower: str
    rng: random.Random

    def live(self, events: int) -> None:
        """Проживает события клиники и ждёт, пока они дойдут до портала или до отказа."""
        self.site.live(events, self.rng)
        time.sleep(INTERVAL_SECONDS)
        self.until(lambda: self.waiting() == 0)

    def waiting(self) -> int:
        """Возвращает, сколько записей ещё отправляется."""
        return sum(count for state, count in self._depths() if state is not EntryState.FAILED)

    def failed(self) -> int:
        """Возвращает, сколько записей отказало."""
        return sum(count for state, count in self._depths() if state is EntryState.FAILED)

    def troubled(self) -> bool:
        """Отвечает, есть ли филиал, чья база не ответила."""
        notes = self.services.store.stats.notes
        return any(notes(branch.branch_id).get("last_error") for branch in self.services.settings.served)

    def until(self, done: Callable[[], bool]) -> None:
        """Ждёт события; не дождался — RuntimeError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise RuntimeError("демонстрация не пришла в нужное состояние за три минуты")
            time.sleep(LOOK_SECONDS)

    def _depths(self) -> Iterator[tuple[EntryState, int]]:
        for branch in self.services.settings.served:
            yield from self.services.store.outbox.depth(branch.branch_id).items()


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Строит клинику заново, переносит её на портал и держит демонстрацию."""
    site = Site(folder)
    site.prepare(fresh=True)
    with ExitStack() as stack:
        redis = stack.enter_context(broker(site.folder / "redis"))
        plans = PlanTab(stack.enter_context(AppHosting()))
        options = PortalOptions(tokens=(plans.token,), plan_app_url=plans.hosting.url)
        portal = stack.enter_context(site.portal(options))
        monitor, flower = free_port(), free_port()
        extra = {
            **plans.sections(portal.base_url),
            "monitor": {"port": monitor},
            "flower": {"port": flower},
            "alerts": {"ident_lost": ALARM_AFTER.total_seconds(), **CALM},
        }
        path = site.write_settings(portal.url, redis.url, INTERVAL_SECONDS, extra)
        plans.hosting.upload(application_zip(site.settings(path)))
        processes = stack.enter_context(Processes(path, site.logs))
        processes.start_roles()
        services = Services(site.settings(path))
        stack.callback(services.close)
        Settling(services, path, print).run(processes)
        pages = [f"http://127.0.0.1:{port}/" for port in (monitor, flower)]
        yield Stage(site, path, portal, services, plans, pages[0], pages[1], random.Random(SEED))
