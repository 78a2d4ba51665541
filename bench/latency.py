"""Запоздание: от начала выборки до верной сделки, когда пять филиалов разом изменили по 50 приёмов.

За одним адресом все делят один предел портала (один Redis и один узел), за пятью — у каждого свой. К этим
секундам в жизни прибавляется ожидание выборки: до двух минут, в среднем минута.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.floor import floor_of, new_calls
from bench.installation import NODE, PACE, PORTAL, Clinic, Installation, every, send_extract
from bench.tables import Table
from bench.work import KEY, Visit, damage
from cli.arguments import Arguments
from demo.broker import broker
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.portal.state import PortalState

BRANCHES, CHANGES = 5, 50
#: Первая загрузка одного филиала и изменения каждого из остальных за это время.
LOAD, FEW = 2000, 10


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицу запоздания."""
    options = parser().parse_args(arguments)
    branches, changes = (2, 3) if options.smoke else (BRANCHES, CHANGES)
    table = Table("latency", f"Запоздание: {branches} филиалов по {changes} новых приёмов разом, секунды")
    floor = floor_of(*new_calls(branches * changes), PACE)
    table.add(предел="граница одного адреса", последняя=floor.seconds, запросов=floor.requests)
    _one_address(table, branches, changes)
    _five_addresses(table, branches, changes)
    _beside_a_load(table, branches, *((20, 2) if options.smoke else (LOAD, FEW)))
    table.finish(options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench latency", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _one_address(table: Table, branches: int, changes: int) -> None:
    with ExitStack() as stack:
        site = _site(stack, branches)
        _run(stack, table, "один адрес, общий предел", [site], site.portal, changes)


def _site(stack: ExitStack, branches: int) -> Installation:
    """Готовит узел всех филиалов за одним пределом портала."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    redis = stack.enter_context(broker(folder / "redis"))
    portal = stack.enter_context(PortalServer(PORTAL))
    return Installation(folder, portal, redis.url, range(1, branches + 1), every(3600.0))


def _beside_a_load(table: Table, branches: int, load: int, changes: int) -> None:
    """Один филиал грузит прошлое; изменения остальных не должны ждать, пока он кончит."""
    with ExitStack() as stack:
        site = _site(stack, branches)
        portal = site.portal
        stack.callback(site.stop)
        site.start({"узел": NODE["узел"]})
        site.await_work()
        loading, *others = site.clinics
        past, started = site.book(load, loading), time.monotonic()
        send_extract(site.path, loading.branch_id)
        while site.waiting() < load // 4:
            site.check_alive()
            time.sleep(0.05)
        row, late = _measured([(site, each) for each in others], portal, changes)
        site.await_sent(0)
        harm = _harm(portal.state, [*past, *late])
        table.add(предел=f"остальные, пока один грузит {load}", **row, вред=harm)
        table.add(предел=f"сама загрузка {load}", последняя=time.monotonic() - started, вред=harm)


def _five_addresses(table: Table, branches: int, changes: int) -> None:
    """Пять узлов со своим пределом; портал считает по адресам, а здесь адрес один — предел ему впятеро."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        portal = stack.enter_context(PortalServer(replace(PORTAL, rate=PORTAL.rate * branches)))
        sites = []
        for number in range(1, branches + 1):
            redis = stack.enter_context(broker(folder / f"redis{number}"))
            sites.append(Installation(folder / f"PC{number}", portal, redis.url, [number], every(3600.0)))
        _run(stack, table, "пять адресов, у каждого свой", sites, portal, changes)


def _run(
    stack: ExitStack,
    table: Table,
    name: str,
    sites: Sequence[Installation],
    portal: PortalServer,
    changes: int,
) -> None:
    for site in sites:
        stack.callback(site.stop)
        site.start({"узел": NODE["узел"]})
    for site in sites:
        site.await_work()
    clinics = [(site, clinic) for site in sites for clinic in site.clinics]
    row, visits = _measured(clinics, portal, changes)
    for site in sites:
        site.await_sent(0)
    table.add(предел=name, **row, вред=_harm(portal.state, visits))


def _measured(
    clinics: Sequence[tuple[Installation, Clinic]], portal: PortalServer, changes: int
) -> tuple[dict[str, float], list[Visit]]:
    """Записывает столько новых приёмов каждого филиала; возвращает строку таблицы и сами приёмы."""
    portal.stats.clear()
    visits = [visit for site, clinic in clinics for visit in site.book(changes, clinic)]
    started = time.monotonic()
    for site, clinic in clinics:
        send_extract(site.path, clinic.branch_id)
    arrived = _arrivals(portal.state, {visit.uid for visit in visits}, started)
    stats, last = portal.stats, len(arrived) - 1
    row = {"p50": arrived[last // 2], "p95": arrived[int(last * 0.95)], "последняя": arrived[last]}
    return {**row, "запросов": stats.requests, "503": stats.refused}, visits


def _harm(state: PortalState, visits: Sequence[Visit]) -> str:
    return "нет" if damage(state, visits).none else "ЕСТЬ"


def _arrivals(state: PortalState, wanted: set[str], started: float, patience: float = 300.0) -> list[float]:
    """Ждёт сделок и возвращает, через сколько секунд появилась каждая."""
    arrived: dict[str, float] = {}
    while len(arrived) < len(wanted):
        now = time.monotonic() - started
        if now > patience:
            raise RuntimeError(f"сделки не дошли: {len(wanted) - len(arrived)} из {len(wanted)}")
        for deal in list(state.entities[DEAL].values()):
            uid = str(deal.get(KEY))
            if uid in wanted:
                arrived.setdefault(uid, now)
        time.sleep(0.05)
    return sorted(arrived.values())
