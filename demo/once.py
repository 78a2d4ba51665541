"""``demo --once``: перенести всё, что изменилось, сверить портал с правилами и выйти."""

import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.models import Settings
from demo.broker import broker
from demo.counts import Counts, counts_since
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.processes import Processes
from demo.report import Result, print_report
from demo.settling import Settling
from demo.site import Site
from demo.verdict import Judge, Verdict
from services.container import Services

#: Портал на обычном тарифе и обычной связи.
LATENCY_MS, WRITE_MS, READ_MS = 120, 80, 15


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
            waiting = Settling(services, path, _say).run(processes)
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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
