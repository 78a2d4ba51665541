"""Скорость: сколько секунд и запросов нужно на N новых, N изменённых и N прежних приёмов.

Интеграция — с настоящими Celery и Redis, точки отсчёта — в этом же процессе, портал у всех одинаковый:
2 запроса в секунду с порогом 50. Граница (bench/floor.py) посчитана из пределов портала.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path

from bench import speeds
from bench.contenders import CONTENDERS, OURS, SLOW, Contender, chosen, named, ours
from bench.five_branches import five_branches
from bench.floor import Pace, changed_calls, floor_of, new_calls
from bench.tables import Table
from bench.work import LEAD_EVERY, Damage, Visit, clinic_visits, damage, phones_of, put_leads
from cli.arguments import Arguments, count
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer

CREATES = ("crm.contact.add", "crm.deal.add")


@dataclass(frozen=True, slots=True)
class Network:
    """Связь замера: имя для таблицы, портал и поломки, которые повторяются каждый прогон.

    ``clinic`` — приёмы в виде клиники: пять филиалов, общие телефоны, ждущие лиды; ``redis_delay`` — секунды
    пути до Redis.
    """

    name: str
    options: PortalOptions
    faults: tuple[Fault, ...] = ()
    clinic: bool = False
    redis_delay: float = 0.0

    @property
    def pace(self) -> Pace:
        """Возвращает портал для расчёта границы."""
        options = self.options
        return Pace(
            options.latency_ms / 1000, options.read_ms / 1000, options.write_ms / 1000, options.rate, 2
        )


USUAL = Network("обычная", PortalOptions(latency_ms=120, write_ms=80, read_ms=15))
LOSSY = Network(
    speeds.LOSSY,
    PortalOptions(latency_ms=200, write_ms=80, read_ms=15),
    (
        Fault(FaultKind.LOST_ANSWER, times=None, probability=0.005),
        Fault(FaultKind.RESET, times=None, probability=0.005),
    ),
)
LOST_CREATES = replace(
    USUAL, name="3 ответа создания потеряны", faults=(Fault(FaultKind.LOST_ANSWER, CREATES, times=3, skip=1),)
)
CLINIC = replace(USUAL, name="вид клиники", clinic=True)
FAR_REDIS = replace(USUAL, name=speeds.FAR, redis_delay=0.012)
TINY = replace(USUAL, name="проба", options=PortalOptions(latency_ms=5, write_ms=1, read_ms=1, rate=40))


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицы скорости; код 1 — интеграция что-то потеряла или удвоила."""
    options = parser().parse_args(arguments)
    warnings.simplefilter("ignore")
    name = "throughput-slow" if options.slow else "throughput"
    table = Table(name, "Скорость переноса приёмов: портал 2 запроса в секунду, порог 50")
    if options.slow:
        for name, size in SLOW:
            _run(table, USUAL, visits_of(size), named(name))
    elif options.smoke:
        _measure(table, TINY, 5, CONTENDERS)
        _measure(table, replace(TINY, name="вид клиники", clinic=True), 13, chosen([OURS], 13))
    else:
        for size in options.size:
            _measure(table, USUAL, size, chosen(options.only, size))
        for size in options.size:
            _measure(table, CLINIC, size, chosen(options.only, size))
        for network in (LOST_CREATES, LOSSY):
            _measure(table, network, min(options.size[-1], 200), chosen(options.only, 200))
        _measure(table, FAR_REDIS, min(options.size[-1], 200), chosen([OURS], 200))
    table.notes += NOTES
    table.finish(options.out)
    return int(any(row.get("вред") not in ("нет", None) for row in table.rows if row["клиент"] == OURS))


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench throughput", description=__doc__)
    parser.add_argument("--size", type=count, nargs="+", default=[50, 200, 1000], help="сколько приёмов")
    parser.add_argument("--only", nargs="+", default=[], help="только эти участники (начало имени)")
    parser.add_argument("--slow", action="store_true", help="долгие точки отсчёта: по одному вызову, N = 50")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


NOTES = (
    "вред — потеряно, удвоено (сделок, контактов), привязано к чужому контакту",
    "упал — клиент сдался на сбое связи",
    "портал, с — время команд на портале за всю работу",
    "работа, с — над одной записью, без ожидания предела портала (постановление 34)",
    "вид клиники — пять филиалов, 13 приёмов на 10 телефонов, каждого десятого ждёт лид",
    "долгие точки отсчёта — отдельно, --slow: при N = 50, время растёт прямо с N",
)


def _measure(table: Table, network: Network, size: int, contenders: Sequence[Contender]) -> None:
    visits = clinic_visits(size) if network.clinic else visits_of(size)
    phones = len(phones_of(visits))
    leads = ceil(phones / LEAD_EVERY) if network.clinic else 0
    for phase, calls in (("новые", new_calls(size, phones, leads)), ("изменённые", changed_calls(size))):
        floor = floor_of(*calls, network.pace)
        table.add(
            N=size,
            связь=network.name,
            работа=phase,
            клиент="граница",
            секунд=floor.seconds,
            запросов=floor.requests,
            команд=sum(calls),
        )
    for contender in contenders:
        _run(table, network, visits, contender)


def visits_of(size: int) -> list[Visit]:
    """Возвращает столько новых приёмов."""
    return [Visit(number) for number in range(1, size + 1)]


def _run(table: Table, network: Network, visits: Sequence[Visit], contender: Contender) -> None:
    start = five_branches if network.clinic and contender.name == OURS else contender.start
    if network.redis_delay:
        start = partial(ours, redis_delay=network.redis_delay)
    with (
        tempfile.TemporaryDirectory() as folder,
        PortalServer(network.options, tls=contender.tls) as portal,
        start(portal, Path(folder)) as client,
    ):
        portal.portal.faults.add(*network.faults)
        if network.clinic:
            put_leads(portal, visits)
        phases = [("новые", client.create), ("изменённые", client.update)]
        if hasattr(client, "unchanged"):
            phases.append(("прежние", client.unchanged))
        for phase, action in phases:
            if not _phase(table, network, visits, contender, portal, phase, action):
                return


def _phase(
    table: Table,
    network: Network,
    visits: Sequence[Visit],
    contender: Contender,
    portal: PortalServer,
    phase: str,
    action: Callable[[Sequence[Visit]], None],
) -> bool:
    portal.stats.clear()
    worked = portal.portal.operating.total()
    started, failure = time.monotonic(), ""
    try:
        action(visits)
    except Exception as error:
        failure = f"упал: {type(error).__name__}; "
    stats = portal.stats
    found = damage(portal.state, visits)
    table.add(
        N=len(visits),
        связь=network.name,
        работа=phase,
        клиент=contender.name,
        секунд=time.monotonic() - started,
        запросов=stats.requests,
        команд=stats.commands,
        **{"портал, с": portal.portal.operating.total() - worked},
        **{"503": stats.refused, "в секунду": stats.max_per_second()},
        **(
            {"работа, с": working}
            if (working := getattr(getattr(action, "__self__", None), "working", 0.0))
            else {}
        ),
        вред=failure + _told(found),
    )
    return not failure


def _told(found: Damage) -> str:
    if found.none:
        return "нет"
    parts = (
        (found.lost, "потеряно"),
        (found.doubled_deals, "сделок удвоено"),
        (found.doubled_contacts, "контактов удвоено"),
        (found.wrong_links, "чужих контактов"),
        (found.leads, "лидов не переведено"),
    )
    return ", ".join(f"{text} {count}" for count, text in parts if count)
