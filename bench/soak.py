"""Выносливость: 72 часа циклов в ускоренном ходе и наклон памяти каждого процесса.

Ускорено расписание, а не работа: каждый цикл — новые приёмы и изменения прежних, каждый со своей задачей, а
портал быстр настолько, насколько ускорено время. Наклон считается без первой половины: она прогрев.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.installation import NODE, Installation, installed
from bench.node import pids_of
from bench.slope import WARM_UP, trend
from bench.tables import Table
from bench.weight import weigh
from bench.work import Visit, appear
from cli.arguments import Arguments, count
from demo.portal.options import PortalOptions

#: 72 часа по выборке раз в две минуты.
CYCLES, CYCLE_SECONDS, NEW = 2160, 0.2, 2
PORTAL = PortalOptions(latency_ms=2, write_ms=1, read_ms=1, rate=100, threshold=1000)
PACE: Mapping[str, Mapping[str, object]] = {
    "portal": {"requests_per_second": 50.0, "burst": 20},
    # Потоков — сколько бывает в работе при 50 приёмах за цикл: иначе их рождение длилось бы весь прогон.
    "node": {"concurrency": 50},
    "sync": {"interval": 1.0, "overlap": 3.0},
}
POINTS = 240
#: Столько приёмов разом занимает все потоки исполнителя.
BURST = 400
#: Меньший рост за прогон неотличим от дыхания распределителя памяти.
NOTICEABLE = 1.0


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает наклоны памяти; точки для графика — в том же файле."""
    options = parser().parse_args(arguments)
    cycles = 20 if options.smoke else options.cycles
    table = Table("soak", f"Выносливость: {cycles} циклов (72 часа — {CYCLES}), память процессов")
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), NODE, 1, PORTAL, sql_server=True, sections=PACE) as site,
    ):
        site.await_work()
        together = 5 if options.smoke else BURST
        _warm(site, together)
        _live(table, site, cycles)
        site.await_sent(together + cycles * NEW)
    for name in [name for name in table.series[0] if name != "цикл"]:
        _slope(table, name)
    table.notes.append(f"цикл — {NEW} новых приёма и столько же изменённых; до них {BURST} приёмов разом")
    table.notes.append("МБ — своя память процесса (USS), 10⁶ байт")
    table.finish(options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench soak", description=__doc__)
    parser.add_argument("--cycles", type=count, default=CYCLES, help=f"сколько циклов ({CYCLES} — 72 часа)")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _warm(site: Installation, receptions: int) -> None:
    """Поднимает все потоки исполнителя сразу: иначе их редкое появление выглядело бы утечкой."""
    site.book(receptions, site.clinics[0])
    site.await_sent(receptions)


def _live(table: Table, site: Installation, cycles: int) -> None:
    pids, (clinic,) = pids_of(site), site.clinics
    before: list[Visit] = []
    step = max(1, cycles // POINTS)
    for cycle in range(cycles):
        started = time.monotonic()
        appear(clinic.ident, before)
        before = site.book(NEW, clinic)
        if cycle % step == 0:
            weights = {name: weigh(pid).uss for name, pid in pids.items()}
            table.series.append({"цикл": cycle, **{name: round(value, 2) for name, value in weights.items()}})
        if cycle % 240 == 0:
            print(f"  цикл {cycle} из {cycles}", flush=True)
        time.sleep(max(0.0, CYCLE_SECONDS - (time.monotonic() - started)))


def _slope(table: Table, name: str) -> None:
    points = [(float(str(row["цикл"])), float(str(row[name]))) for row in table.series]
    steady = points[int(len(points) * WARM_UP) :]
    _, slope, error = trend(steady)
    span = steady[-1][0] - steady[0][0]
    table.add(
        процесс=name,
        **{
            "в начале, МБ": steady[0][1],
            "в конце, МБ": steady[-1][1],
            "наклон, МБ на 1000 циклов": slope * 1000,
            "ошибка наклона": error * 1000,
            "значим": "да" if slope > 2 * error and slope * span > NOTICEABLE else "нет",
        },
    )
