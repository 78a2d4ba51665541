"""``demo --once``: перенести всё, что изменилось, сверить портал с правилами и выйти."""

import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.models import Settings
from demo.broker import broker
from demo.counts import Counts, counts_since
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.processes import Processes
from demo.report import print_report
from demo.site import Site
from demo.verdict import Judge, Verdict
from services.container import Services
from services.ports import EntryState

#: Портал на обычном тарифе и обычной связи.
LATENCY_MS, WRITE_MS, READ_MS = 120, 80, 15
WAIT_SECONDS = 600.0
SHOW_SECONDS = 2.0
#: Как часто просить доотправить оставшееся: расписания (beat) в этом проходе нет.
REDRIVE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """Итог прохода."""

    counts: dict[str, Counts]
    verdict: Verdict
    requests: int
    commands: int
    writes: int
    refused: int
    seconds: float
    waiting: int

    @property
    def matches(self) -> bool:
        """Отвечает, верен ли портал и пуста ли очередь."""
        return self.verdict.matches and not self.waiting

    def as_json(self) -> str:
        """Возвращает итог одной строкой JSON."""
        totals = sum(self.counts.values(), Counts())
        return json.dumps(
            {
                **totals.as_dict(),
                "branches": {branch: counts.as_dict() for branch, counts in self.counts.items()},
                "expected": self.verdict.expected,
                "refused": dict(self.verdict.refused),
                "portal_matches": self.matches,
                "differences": self.verdict.differences[:50],
                "waiting": self.waiting,
                "requests": self.requests,
                "commands": self.commands,
                "writes": self.writes,
                "too_often": self.refused,
                "seconds": round(self.seconds, 1),
            },
            ensure_ascii=False,
        )


def run_once(folder: Path, fresh: bool, changes: int, as_json: bool) -> int:
    """Выполняет один проход и печатает итог."""
    site = Site(folder)
    if site.prepare(fresh):
        _say("Построена новая клиника: четыре базы, пять филиалов.")
    for event in site.live(changes, random.Random(time.time_ns())) if changes else ():
        _say(f"В клинике: {event}")
    result = _synchronized(site)
    if as_json:
        print(result.as_json())
    else:
        print_report(site.settings(site.folder / "settings.toml"), result)
    return 0 if result.matches else 1


def _synchronized(site: Site) -> Result:
    options = PortalOptions(
        latency_ms=LATENCY_MS, write_ms=WRITE_MS, read_ms=READ_MS, persist=site.folder / "portal.json"
    )
    with ExitStack() as stack:
        redis = stack.enter_context(broker(site.folder / "redis"))
        portal = stack.enter_context(site.portal(options))
        path = site.write_settings(portal.url, redis.url, interval=120)
        settings = site.settings(path)
        processes = stack.enter_context(Processes(path, site.logs))
        started = time.monotonic()
        with _services(settings) as services:
            before = counts_since(services, {})
            processes.celery("worker", "worker", "--pool", "threads", "--without-gossip", "--without-mingle")
            waiting = _settle(services, processes, path)
            counts = counts_since(services, before)
        verdict = Judge(settings, portal.state, site.memory.manual).judge(site.memory.built_at)
        return _result(portal, counts, verdict, time.monotonic() - started, waiting)


def _result(
    portal: PortalServer, counts: dict[str, Counts], verdict: Verdict, seconds: float, waiting: int
) -> Result:
    writes = [
        command
        for record in portal.stats.records
        for command in record.commands
        if command.rsplit(".", 1)[-1] in ("add", "update", "set", "delete")
    ]
    stats = portal.stats
    return Result(
        counts, verdict, stats.requests, stats.commands, len(writes), stats.refused, seconds, waiting
    )


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


def _settle(services: Services, processes: Processes, path: Path) -> int:
    """Посылает выборки и ждёт, пока очередь опустеет; возвращает, сколько записей осталось ждать."""
    branches = [branch.branch_id for branch in services.settings.served]
    jobs = _jobs(services.settings)
    seen = {name: services.store.stats.notes(name).get("last_success") for name in jobs}
    _send(path, jobs.values())
    deadline, shown, quiet = time.monotonic() + WAIT_SECONDS, 0.0, 0
    redriven = time.monotonic()
    while time.monotonic() < deadline:
        notes = {name: services.store.stats.notes(name).get("last_success") for name in jobs}
        extracted = [name for name in jobs if notes[name] != seen[name]]
        left = sum(_unsent(services, branch) for branch in branches)
        # Новая сделка ставит в очередь снимок планов чуть позже, чем освобождает своё место.
        quiet = quiet + 1 if len(extracted) == len(jobs) and not left else 0
        if quiet > 2:
            return 0
        if len(extracted) == len(jobs) and left and time.monotonic() - redriven > REDRIVE_SECONDS:
            redriven = time.monotonic()
            _redrive(path, branches)
        if dead := processes.dead():
            raise SystemExit(f"Процесс {dead[0]} остановился сам:\n{processes.tail(dead[0])}")
        if time.monotonic() - shown > SHOW_SECONDS:
            shown = time.monotonic()
            _say(f"Прочитано выборок: {len(extracted)} из {len(jobs)}, в очереди записей: {left}")
        time.sleep(0.2)
    return sum(_unsent(services, branch) for branch in branches)


def _unsent(services: Services, branch_id: str) -> int:
    depth = services.store.outbox.depth(branch_id)
    return sum(count for state, count in depth.items() if state is not EntryState.FAILED)


def _jobs(settings: Settings) -> dict[str, tuple[str, str]]:
    """Возвращает выборки приёмов и планов: под каким именем отмечается итог → задача и филиал."""
    from celeryconfig import EXTRACT, PLANS, plan_table

    receptions = {branch.branch_id: (EXTRACT, branch.branch_id) for branch in settings.served}
    homes = [line["args"][0] for line in plan_table(settings).values() if line["task"] == PLANS]
    return receptions | {f"{home}.plans": (PLANS, home) for home in homes}


def _redrive(settings: Path, branches: Iterable[str]) -> None:
    from celeryconfig import REDRIVE

    _send(settings, [(REDRIVE, branch) for branch in branches])


def _send(settings: Path, jobs: Iterable[tuple[str, str]]) -> None:
    """Ставит выборки в очередь так же, как их ставит расписание."""
    import os

    from config.loader import CONFIG_VARIABLE

    os.environ[CONFIG_VARIABLE] = str(settings)
    from celeryconfig import CONTROL_PRIORITY, queue_of
    from tasks.app import celery_app

    for task, branch in jobs:
        celery_app.send_task(task, (branch,), queue=queue_of(branch), priority=CONTROL_PRIORITY)
    celery_app.close()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
