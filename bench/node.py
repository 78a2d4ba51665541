"""Вес узла: память, процессор, потоки, сокеты — в покое и под нагрузкой; сколько секунд до готовности.

Считается всё, что стоит на компьютере: узел (или роли Procfile по отдельности), Flower и Redis. Узел ходит в
базу как в клинике — путём pyodbc: сам драйвер подменён, переводы запросов готовы, sqlglot не грузится.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.installation import NODE, ROLES, Installation, every, installed
from bench.tables import Table
from bench.weight import Peak, Weight, cpu_seconds, weigh
from cli.arguments import Arguments, count, positive

HOUR_CYCLES = 30
WATCHED = "покой, страница открыта"
#: Выборка в клинике — раз в столько секунд.
CLINIC_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """Нагрузка: новых приёмов за цикл и секунд в цикле."""

    receptions: int
    seconds: float


HOUR, TINY = Load(50, 7.0), Load(3, 1.0)
#: Открытая страница обновляется раз в столько секунд (monitor.js); с нею мерят не дольше двух минут.
LIVE_SECONDS, WATCHED_MINUTES = 5.0, 2.0
SECTIONS = ("", "record", "journals", "check", "")
#: Роли порознь мерят короче: они для сравнения.
ROLES_MINUTES, ROLES_CYCLES = 0.5, 3


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицы веса."""
    options = parser().parse_args(arguments)
    minutes, cycles = (0.02, 1) if options.smoke else (options.idle, options.load)
    load = TINY if options.smoke else HOUR
    table = Table("node", "Вес установки: узел и роли Procfile, вместе с Flower и Redis")
    for name, roles in (("узел", NODE), ("роли", ROLES)):
        if not options.only or name in options.only:
            longest = (
                (minutes, cycles)
                if name == "узел"
                else (min(minutes, ROLES_MINUTES), min(cycles, ROLES_CYCLES))
            )
            _measure(table, name, roles, *longest, load)
    table.notes.append(
        "покой — без изменений в Ident; страница открыта — обошли её разделы, и она обновляется сама; "
        "нагрузка — по 50 новых приёмов за цикл; МБ = 10⁶ байт; "
        "часть драйвера ODBC (несколько МБ) не видна: он подменён"
    )
    table.finish(options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench node", description=__doc__)
    parser.add_argument("--idle", type=positive, default=10.0, help="минут покоя")
    parser.add_argument(
        "--load", type=count, default=HOUR_CYCLES, help="циклов по 50 приёмов (30 — час работы)"
    )
    parser.add_argument("--only", nargs="+", default=[], choices=["узел", "роли"], help="только этот состав")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _measure(
    table: Table, name: str, roles: Mapping[str, Sequence[str]], minutes: float, cycles: int, load: Load
) -> None:
    """Мерит покой при выборке раз в две минуты, как в клинике, и нагрузку — на новой установке."""
    with _site(roles, CLINIC_SECONDS) as site:
        ready = site.await_work()
        time.sleep(min(5.0, minutes * 60))
        site.check_alive()
        _idle(table, (name, "покой"), pids_of(site), minutes, ready)
        if name == "узел":
            with _page_open(site.page):
                _idle(table, (name, WATCHED), pids_of(site), min(minutes, WATCHED_MINUTES))
    with _site(roles, load.seconds) as site:
        site.await_work()
        _load(table, name, site, pids_of(site), cycles, load)


@contextmanager
def _site(roles: Mapping[str, Sequence[str]], interval: float) -> Iterator[Installation]:
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), roles, sections=every(interval), sql_server=True) as site,
    ):
        yield site


def pids_of(site: Installation) -> dict[str, int]:
    """Возвращает процессы установки вместе с Redis."""
    redis = int(site.services.store.redis.info("server")["process_id"])
    return {**{name: process.pid for name, process in site.processes.items()}, "redis": redis}


@contextmanager
def _page_open(page: str) -> Iterator[None]:
    """Держит страницу наблюдения открытой: обходит разделы и спрашивает обновление, как её сценарий."""
    closed = threading.Event()
    with requests.Session() as browser, ThreadPoolExecutor(1) as pool:
        browser.headers["Connection"] = "close"  # простой соединения и шаг опроса совпадают
        for section in SECTIONS:
            browser.get(page + section, timeout=30).raise_for_status()
        watching = pool.submit(_watch, browser, f"{page}live", closed)
        try:
            yield
        finally:
            closed.set()
        watching.result()


def _watch(browser: requests.Session, address: str, closed: threading.Event) -> None:
    while not closed.wait(LIVE_SECONDS):
        browser.get(address, timeout=30).raise_for_status()


def _idle(
    table: Table, what: tuple[str, str], pids: Mapping[str, int], minutes: float, ready: float | None = None
) -> None:
    """Мерит покой; ``what`` — состав и что при этом открыто."""
    spent, started = {who: cpu_seconds([pid]) for who, pid in pids.items()}, time.monotonic()
    time.sleep(minutes * 60)
    passed = time.monotonic() - started
    shares = {who: 100 * (cpu_seconds([pid]) - spent[who]) / passed for who, pid in pids.items()}
    weights = {who: weigh(pid) for who, pid in pids.items()}
    for who, weight in weights.items():
        _row(table, *what, who, weight, shares[who])
    whole = sum(weights.values(), Weight(0, 0, 0, 0))
    _row(table, *what, "ВСЕГО", whole, sum(shares.values()), ready)


def _load(
    table: Table, name: str, site: Installation, pids: Mapping[str, int], cycles: int, load: Load
) -> None:
    peak, spent, started, total = Peak(pids), cpu_seconds(pids.values()), time.monotonic(), site.done()
    for _ in range(cycles):
        cycle = time.monotonic()
        site.book(load.receptions, site.clinics[0])
        total += load.receptions
        while site.done() < total:
            peak.look()
            time.sleep(0.5)
        peak.watch(max(0.0, load.seconds - (time.monotonic() - cycle)))
    share = 100 * (cpu_seconds(pids.values()) - spent) / (time.monotonic() - started)
    site.check_alive()
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
    given = {"ЦП, % ядра": share, "готов через, с": ready}
    more = {key: value for key, value in given.items() if value is not None}
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
