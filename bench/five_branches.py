"""Интеграция в виде клиники: узел и пять филиалов за одним пределом портала."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.installation import NODE, Installation, every, send_extract
from bench.work import BRANCHES, Visit, appear, register
from demo.broker import broker
from demo.portal.server import PortalServer
from tests.fakes_ident import SmallIdent

WAIT_SECONDS = 1800.0


class FiveBranches:
    """Установка, в которой выборки всех филиалов идут по команде."""

    name = "интеграция (пять филиалов)"

    def __init__(self, site: Installation) -> None:
        self._site = site

    def create(self, visits: Sequence[Visit]) -> None:
        """Записывает приёмы в базы филиалов и ждёт их сделок."""
        self._carry(register, visits)

    def update(self, visits: Sequence[Visit]) -> None:
        """Отмечает приход пациентов и ждёт изменения сделок."""
        self._carry(appear, visits)

    def _carry(self, change: Callable[[SmallIdent, Sequence[Visit]], None], visits: Sequence[Visit]) -> None:
        site = self._site
        for clinic in site.clinics:
            change(clinic.ident, [visit for visit in visits if f"F{visit.branch}" == clinic.branch_id])
        before = self._extracts()
        for clinic in site.clinics:
            send_extract(site.path, clinic.branch_id)
        deadline = time.monotonic() + WAIT_SECONDS
        while any(map(str.__eq__, before, self._extracts())) or site.waiting():
            site.check_alive()
            if time.monotonic() > deadline:
                raise RuntimeError("замер не закончился: смотрите журналы процессов")
            time.sleep(0.05)

    def _extracts(self) -> list[str]:
        notes = self._site.services.store.stats.notes
        return [notes(clinic.branch_id).get("last_success", "") for clinic in self._site.clinics]


@contextmanager
def five_branches(portal: PortalServer, folder: Path) -> Iterator[FiveBranches]:
    """Поднимает Redis, пять баз и узел."""
    pace = {"requests_per_second": portal.options.rate, "burst": 2}
    with broker(folder / "redis") as redis:
        sections = {"portal": pace, **every(86_400.0)}
        site = Installation(folder, portal, redis.url, range(1, BRANCHES + 1), sections)
        try:
            site.start({"узел": NODE["узел"]})
            site.await_work()
            yield FiveBranches(site)
        finally:
            site.stop()
