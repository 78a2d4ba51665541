"""Рост: как секунды и запросы цикла растут с филиалами и приёмами и что кончится первым.

Измеренные точки — настоящий узел; остальные — расчёт по пределам портала с поправкой на неполноту пакетов,
взятой из измеренных точек. Расчёт говорит, сколько филиалов выдержит один адрес и один вебхук.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from bench.floor import COMMANDS, floor_of, new_calls
from bench.installation import NODE, PACE, PORTAL, every, installed, send_extract
from bench.tables import Table
from cli.arguments import Arguments

MEASURED = ((1, 50), (1, 200), (5, 50), (10, 50), (5, 200))
FORESEEN = ((10, 200), (10, 2000), (20, 50), (50, 50), (100, 50), (1000, 50))
CYCLE = 120.0
#: Предел времени метода за десять минут и сколько записей одного метода нужно приёму.
OPERATING, OPERATING_WINDOW = 480.0, 600.0
#: Команд на новый приём после склейки поисков: контакт, сделка, две пятых поиска клиента и поиски сделки.
PER_NEW = 2.5


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицу роста и приговор пределам."""
    options = parser().parse_args(arguments)
    points = ((2, 3),) if options.smoke else MEASURED
    table = Table("growth", "Рост: новых приёмов на филиал за один цикл, все филиалы за одним адресом")
    waste = [_measured(table, branches, receptions) for branches, receptions in points]
    for branches, receptions in FORESEEN:
        _foreseen(table, branches, receptions, waste[-1])
    table.notes += verdict(waste[-1])
    table.finish(options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench growth", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _measured(table: Table, branches: int, receptions: int) -> float:
    """Мерит цикл и возвращает, во сколько раз запросов больше границы."""
    floor = floor_of(*new_calls(branches * receptions), PACE)
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), {"узел": NODE["узел"]}, branches, sections=every(3600.0)) as site,
    ):
        site.await_work()
        site.portal.stats.clear()
        for clinic in site.clinics:
            site.book(receptions, clinic)
        started = time.monotonic()
        for clinic in site.clinics:
            send_extract(site.path, clinic.branch_id)
        site.await_sent(branches * receptions)
        seconds, requests = time.monotonic() - started, site.portal.stats.requests
    table.add(
        филиалов=branches,
        приёмов=receptions,
        откуда="измерено",
        секунд=seconds,
        запросов=requests,
        **{"к границе": seconds / floor.seconds},
    )
    return max(1.0, requests / (branches * receptions * PER_NEW / COMMANDS))


def _foreseen(table: Table, branches: int, receptions: int, waste: float) -> None:
    demand = demand_of(branches, receptions, waste)
    table.add(
        филиалов=branches,
        приёмов=receptions,
        откуда="расчёт",
        секунд=demand.seconds,
        запросов=demand.requests,
        **{"успевает за 2 мин": "да" if demand.seconds <= CYCLE else "НЕТ", "упрётся в": demand.stops},
    )


@dataclass(frozen=True, slots=True)
class Demand:
    """Потребность цикла: запросы, секунды и что кончится первым, если так идёт каждый цикл."""

    requests: int
    seconds: float
    stops: str


def demand_of(branches: int, receptions: int, waste: float) -> Demand:
    """Считает цикл по пределам портала: частоте запросов и времени метода."""
    writes = branches * receptions
    requests = ceil(writes * PER_NEW / COMMANDS * waste)
    seconds = requests / PACE.rate + COMMANDS * PACE.write
    operating = writes * PACE.write * OPERATING_WINDOW / CYCLE
    limits = (
        (operating / OPERATING, "время метода: нужны ещё вебхуки"),
        (seconds / CYCLE, "частоту запросов: нужны ещё адреса"),
    )
    share, name = max(limits)
    return Demand(requests, seconds, name if share > 1 else "—")


def verdict(waste: float) -> list[str]:
    """Возвращает, сколько филиалов по 50 новых приёмов за цикл выдержит один вебхук и один адрес."""
    by_time = int(OPERATING / (50 * PACE.write * OPERATING_WINDOW / CYCLE))
    by_rate = (
        next(branches for branches in range(1, 2000) if demand_of(branches, 50, waste).seconds > CYCLE) - 1
    )
    return [
        f"портал: {PORTAL.rate:g} запроса в секунду, {PORTAL.write_ms:g} мс на запись, время метода 480 с",
        f"по 50 новых приёмов каждые 2 минуты: вебхук выдержит филиалов {by_time}, адрес — {by_rate}",
        "дальше — вебхук на группу филиалов (бюджет метода у каждого свой) и узел с Redis на своём адресе",
        "эта нагрузка впятеро выше обычной: 10–50 приёмов за цикл (СПЕЦ 3.1.2) бывают новыми лишь отчасти",
    ]
