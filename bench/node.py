"""Вес узла: память, процессор, потоки, сокеты — в покое, под нагрузкой и за 72 часа в ускоренном ходе.

Считается всё, что стоит на компьютере: узел (или роли Procfile по отдельности), Flower и Redis. Портал и база
демонстрационные; разбор T-SQL для SQLite (sqlglot) весит мегабайты, которых с SQL Server нет.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.installation import NODE, ROLES, Installation, installed
from bench.tables import Table
from bench.weight import Peak, Weight, cpu_seconds, weigh

PER_CYCLE, CYCLE_SECONDS, HOUR_CYCLES = 50, 10.0, 30
#: 72 часа по выборке раз в две минуты.
SOAK_CYCLES, SOAK_INTERVAL, SOAK_CHANGES = 2160, 1.0, 5


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицы веса."""
    options = parser().parse_args(arguments)
    minutes, cycles, soak = (0.1, 1, 20) if options.smoke else (options.idle, options.load, options.soak)
    table = Table("node", "Вес установки: узел и роли Procfile, вместе с Flower и Redis")
    for name, roles in (("узел", NODE), ("роли", ROLES)):
        if not options.only or name in options.only:
            _measure(table, name, roles, minutes, cycles)
    table.notes.append("покой — без изменений в Ident; нагрузка — по 50 новых приёмов за цикл; МБ = 10⁶ байт")
    table.finish(options.out)
    if soak:
        _soak(soak, options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = argparse.ArgumentParser(prog="manage.py bench node", description=__doc__)
    parser.add_argument("--idle", type=float, default=10.0, help="минут покоя")
    parser.add_argument(
        "--load", type=int, default=HOUR_CYCLES, help="циклов по 50 приёмов (30 — час работы)"
    )
    parser.add_argument("--soak", type=int, default=0, help="циклов выносливости (2160 — 72 часа)")
    parser.add_argument("--only", nargs="+", default=[], choices=["узел", "роли"], help="только этот состав")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _measure(
    table: Table, name: str, roles: Mapping[str, Sequence[str]], minutes: float, cycles: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), roles, interval=CYCLE_SECONDS) as site,
    ):
        ready = site.await_work()
        pids = _pids(site)
        time.sleep(5)
        _idle(table, name, pids, minutes, ready)
        _load(table, name, site, pids, cycles)


def _pids(site: Installation) -> dict[str, int]:
    redis = int(site.services.store.redis.info("server")["process_id"])
    return {**{name: process.pid for name, process in site.processes.items()}, "redis": redis}


def _idle(table: Table, name: str, pids: Mapping[str, int], minutes: float, ready: float) -> None:
    spent, started = cpu_seconds(pids.values()), time.monotonic()
    time.sleep(minutes * 60)
    share = 100 * (cpu_seconds(pids.values()) - spent) / (time.monotonic() - started)
    weights = {who: weigh(pid) for who, pid in pids.items()}
    for who, weight in weights.items():
        _row(table, name, "покой", who, weight)
    _row(table, name, "покой", "ВСЕГО", sum(weights.values(), Weight(0, 0, 0, 0)), share, ready)


def _load(table: Table, name: str, site: Installation, pids: Mapping[str, int], cycles: int) -> None:
    peak, spent, started, total = Peak(pids), cpu_seconds(pids.values()), time.monotonic(), site.done()
    for _ in range(cycles):
        cycle = time.monotonic()
        site.book(PER_CYCLE, site.clinics[0])
        total += PER_CYCLE
        while site.done() < total:
            peak.look()
            time.sleep(0.5)
        peak.watch(max(0.0, CYCLE_SECONDS - (time.monotonic() - cycle)))
    share = 100 * (cpu_seconds(pids.values()) - spent) / (time.monotonic() - started)
    for who, weight in peak.by_name.items():
        _row(table, name, "нагрузка, пик", who, weight)
    table.add(
        состав=name,
        когда="нагрузка, пик",
        процесс="ВСЕГО разом",
        **{"PSS, МБ": peak.total, "ЦП, % ядра": share},
    )


def _row(
    table: Table,
    name: str,
    when: str,
    who: str,
    weight: Weight,
    share: float | None = None,
    ready: float | None = None,
) -> None:
    more = {} if share is None else {"ЦП, % ядра": share, "готов через, с": ready}
    table.add(
        состав=name,
        когда=when,
        процесс=who,
        **{
            "PSS, МБ": weight.pss,
            "своя, МБ": weight.uss,
            "потоков": weight.threads,
            "сокетов": weight.sockets,
        },
        **more,
    )


# --- выносливость --------------------------------------------------------------------------------


def _soak(cycles: int, out: Path) -> None:
    """Проживает столько циклов и мерит наклон памяти узла."""
    table = Table("soak", f"Выносливость: {cycles} циклов (72 часа — {SOAK_CYCLES}), память узла")
    points: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), NODE, interval=SOAK_INTERVAL) as site,
    ):
        site.await_work()
        pid = _pids(site)["узел"]
        for cycle in range(cycles):
            site.book(SOAK_CHANGES, site.clinics[0])
            time.sleep(SOAK_INTERVAL)
            points.append((float(cycle), weigh(pid).uss))
        site.await_sent(cycles * SOAK_CHANGES)
    steady = points[len(points) // 4 :]
    slope, error = trend(steady)
    table.add(
        циклов=cycles,
        **{
            "в начале, МБ": steady[0][1],
            "в конце, МБ": steady[-1][1],
            "наклон, МБ на 1000 циклов": slope * 1000,
            "ошибка наклона": error * 1000,
            "значим": "да" if abs(slope) > 2 * error and slope * len(steady) > 1.0 else "нет",
        },
    )
    table.rows.extend(
        {"цикл": int(at), "своя, МБ": value} for at, value in points[:: max(1, len(points) // 200)]
    )
    table.finish(out)


def trend(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Возвращает наклон прямой по точкам и его стандартную ошибку."""
    xs, ys = zip(*points, strict=True)
    if len(set(xs)) < 3:
        return 0.0, 0.0
    line = statistics.linear_regression(xs, ys)
    middle = statistics.fmean(xs)
    spread = sum((x - middle) ** 2 for x in xs)
    rest = sum((y - line.slope * x - line.intercept) ** 2 for x, y in points)
    return line.slope, (rest / (len(xs) - 2) / spread) ** 0.5
