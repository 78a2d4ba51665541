"""Запросы к Ident: время страницы из 50 приёмов на базе за десять лет.

Мерится дважды: с указателями только на связи таблиц и с рекомендованными на отметки времени. База — SQLite
из тех же файлов T-SQL: времена SQL Server будут другими, отношение — того же порядка. Рядом — наивный запрос
той же страницы: все приёмы с соединениями и отбором по времени.
"""

import argparse
import os
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from bench.tables import Table
from bench.ten_years import VISITS, add_indexes, build
from cli.arguments import Arguments
from services.domain.cursor import ChangePoint
from services.ident.connection import HeldConnection
from services.ident.source import VISITS_BACK, IdentSource
from services.ident.sqlite import STAMP, SqliteConnector, clinic_now, to_sqlite
from services.ident.statements import read_sql

REPEATS = 40
#: Как писали до нас: одна выборка «изменённого» со всеми соединениями, порядок по времени приёма.
NAIVE = """
SELECT r.ID, n.Surname, n.Name, n.MobilePhone, d.Surname, f.NameProfession, b.Name,
       GROUP_CONCAT(i.Name), SUM(s.CountService * p.Price - s.DiscountSum)
FROM Receptions r
JOIN Patients c ON c.ID_Persons = r.ID_Patients JOIN Persons n ON n.ID = c.ID_Persons
JOIN Persons d ON d.ID = r.ID_Staffs JOIN Items m ON m.ID_Staffs = r.ID_Staffs
JOIN ProfessionNames f ON f.ID = m.ID_ProfessionNames
LEFT JOIN Orders o ON o.ID_Receptions = r.ID LEFT JOIN OwnCompanies b ON b.ID = o.ID_OwnCompanies
LEFT JOIN OrderServiceRelation s ON s.ID_Orders = o.ID
LEFT JOIN ServiceItemPrices p ON p.ID = s.ID_ServicePrices
LEFT JOIN ServiceItems i ON i.ID = p.ID_ServiceItems
WHERE r.DateTimeChanged >= ? OR r.DateTimeAdded >= ? OR o.DateTimeChanged >= ?
GROUP BY r.ID ORDER BY r.PlanStart DESC LIMIT 50
"""


def main(arguments: Sequence[str]) -> int:
    """Печатает и записывает таблицу запросов."""
    options = parser().parse_args(arguments)
    visits, repeats = (3000, 3) if options.smoke else (VISITS, REPEATS)
    options.out.mkdir(parents=True, exist_ok=True)
    table = Table("sql", f"Страница из 50 приёмов на базе из {visits} приёмов за 10 лет, мс")
    plain, indexed = _bases(
        options.out if options.smoke else options.bases, visits, options.fresh or options.smoke
    )
    for name, path in (("только связи", plain), ("и отметки времени", indexed)):
        _measure(table, name, path, repeats)
    table.notes.append("прочитано — сколько байт процесс запросил у файла за один раз на холодном соединении")
    table.notes.append(
        "соединение одно, открыто на чтение; замков на таблицах нет (READ UNCOMMITTED у SQL Server)"
    )
    table.finish(options.out)
    return 0


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench sql", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="построить базу заново (минута)")
    parser.add_argument("--smoke", action="store_true", help="проба на маленькой базе")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    parser.add_argument(
        "--bases", type=Path, default=Path("var/bench"), help="папка базы за десять лет, 600 МБ"
    )
    return parser


def _bases(folder: Path, visits: int, fresh: bool) -> tuple[Path, Path]:
    plain, indexed = folder / f"plain-{visits}.sqlite", folder / f"indexed-{visits}.sqlite"
    if fresh or not indexed.exists():
        print("  Строю базу за десять лет …", flush=True)
        build(plain, clinic_now(), visits)
        shutil.copyfile(plain, indexed)
        add_indexes(plain, by_time=False)
        add_indexes(indexed, by_time=True)
    return plain, indexed


def _measure(table: Table, name: str, path: Path, repeats: int) -> None:
    source = _source(path)
    now = source.now()
    since = ChangePoint(now - timedelta(minutes=12), 0)
    page = source.changed_after(ChangePoint(now - timedelta(days=7), 0))
    ids = [point.reception_id for point in page.points]
    week = ChangePoint(now - timedelta(days=7), 0)
    questions: dict[str, Callable[[IdentSource], object]] = {
        "изменения за 12 минут": lambda fresh: fresh.changed_after(since),
        "изменения за 7 дней": lambda fresh: fresh.changed_after(week),
        "50 приёмов целиком": lambda fresh: fresh.read(ids),
        "сверка: страница окна": lambda fresh: fresh.planned_between(now - VISITS_BACK, now, 0),
    }
    for title, ask in questions.items():
        _time(table, name, title, path, ask, repeats)
    _naive(table, name, path, repeats)


def _time(
    table: Table, base: str, title: str, path: Path, ask: Callable[[IdentSource], object], repeats: int
) -> None:
    cold = _source(path)
    before = _read_bytes()
    ask(cold)
    read, seconds = _read_bytes() - before, []
    for _ in range(repeats):
        started = time.perf_counter()
        ask(cold)
        seconds.append(time.perf_counter() - started)
    cold.close()
    _row(table, base, title, seconds, read)


def _naive(table: Table, base: str, path: Path, repeats: int) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    moment = (clinic_now() - timedelta(minutes=12)).strftime(STAMP)
    before, seconds = _read_bytes(), []
    for _ in range(max(2, repeats // 10)):
        started = time.perf_counter()
        connection.execute(NAIVE, (moment, moment, moment)).fetchall()
        seconds.append(time.perf_counter() - started)
    connection.close()
    _row(table, base, "наивный запрос страницы", seconds, (_read_bytes() - before) // len(seconds))


def _row(table: Table, base: str, title: str, seconds: Sequence[float], read: int) -> None:
    ordered = sorted(1000 * value for value in seconds)
    table.add(
        база=base,
        вопрос=title,
        p50=statistics.median(ordered),
        p95=ordered[max(0, int(len(ordered) * 0.95) - 1)],
        **{"прочитано, КБ": read / 1024},
    )


def _source(path: Path) -> IdentSource:
    return IdentSource(
        HeldConnection(SqliteConnector(path, 60)),
        lambda name: to_sqlite(read_sql(name)),
        lambda value: value.strftime(STAMP),
    )


def _read_bytes() -> int:
    """Возвращает, сколько байт процесс запросил у файлов; не Linux — ноль."""
    if not os.path.exists("/proc/self/io"):
        return 0
    lines = Path("/proc/self/io").read_text(encoding="ascii").split()
    return int(lines[lines.index("rchar:") + 1])
