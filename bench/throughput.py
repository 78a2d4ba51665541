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
from pathlib import Path

from bench.contenders import CONTENDERS, OURS, SLOW, Contender, chosen, named
from bench.floor import Pace, floor_of
from bench.tables import Table
from bench.work import Damage, Visit, damage
from cli.arguments import Arguments, count
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer

#: Вызовы на приём: поиск сделки, контакта и лида, контакт и сделка; при изменении — поиск и запись.
NEW, OLD = (3, 2), (1, 1)
CREATES = ("crm.contact.add", "crm.deal.add")


@dataclass(frozen=True, slots=True)
class Network:
    """Связь замера: имя для таблицы, портал и поломки, которые повторяются каждый прогон."""

    name: str
    options: PortalOptions
    faults: tuple[Fault, ...] = ()

    @property
    def pace(self) -> Pace:
        """Возвращает портал для расчёта границы."""
        options = self.options
        return Pace(
            options.latency_ms / 1000, options.read_ms / 1000, options.write_ms / 1000, options.rate, 2
        )


USUAL = Network("обычная", PortalOptions(latency_ms=120, write_ms=80, read_ms=15))
LOSSY = Network(
    "200 мс, 1 % обрывов",
    PortalOptions(latency_ms=200, write_ms=80, read_ms=15),
    (
        Fault(FaultKind.LOST_ANSWER, times=None, probability=0.005),
        Fault(FaultKind.RESET, times=None, probability=0.005),
    ),
)
LOST_CREATES = replace(
    USUAL, name="3 ответа создания потеряны", faults=(Fault(FaultKind.LOST_ANSWER, CREATES, times=3, skip=1),)
)
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
    else:
        for size in options.size:
            _measure(table, USUAL, size, chosen(options.only, size))
        for network in (LOST_CREATES, LOSSY):
            _measure(table, network, min(options.size[-1], 200), chosen(options.only, 200))
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
    "долгие точки отсчёта — отдельно, --slow: при N = 50, время растёт прямо с N",
)


def _measure(table: Table, network: Network, size: int, contenders: Sequence[Contender]) -> None:
    for phase, calls in (("новые", NEW), ("изменённые", OLD)):
        floor = floor_of(size * calls[0], size * calls[1], network.pace)
        table.add(
            N=size,
            связь=network.name,
            работа=phase,
            клиент="граница",
            секунд=floor.seconds,
            запросов=floor.requests,
        )
    for contender in contenders:
        _run(table, network, visits_of(size), contender)


def visits_of(size: int) -> list[Visit]:
    """Возвращает столько новых приёмов."""
    return [Visit(number) for number in range(1, size + 1)]


def _run(table: Table, network: Network, visits: Sequence[Visit], contender: Contender) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        PortalServer(network.options, tls=contender.tls) as portal,
        contender.start(portal, Path(folder)) as client,
    ):
        portal.portal.faults.add(*network.faults)
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
        **{"503": stats.refused, "в секунду": stats.max_per_second()},
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
    )
    return ", ".join(f"{text} {count}" for count, text in parts if count)
