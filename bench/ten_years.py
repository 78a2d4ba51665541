"""База клиники за десять лет: 300 000 приёмов и миллион строк заказов; люди выдуманы, случай повторяем."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from demo.clinic.desk import create_database
from services.ident.sqlite import STAMP

INDEXES = Path(__file__).resolve().parent.parent / "deploy" / "sql" / "indexes.sql"
CREATE_INDEX = re.compile(r"CREATE NONCLUSTERED INDEX \[(\w+)\] ON \[dbo\]\.\[(\w+)\] \(([^)]*)\)")
TIME_FIRST = re.compile(r"\[(?!ID_)")
YEARS, VISITS, PATIENTS, SERVICES, DOCTORS = 10, 300_000, 40_000, 400, 25
LINES_PER_VISIT = (1_000_000 / VISITS, 4)
PLAN_SHARE, PLAN_LINES = 0.25, 8


def build(path: Path, now: datetime, visits: int = VISITS) -> None:
    """Строит базу; последние приёмы — в будущем, как в жизни."""
    path.unlink(missing_ok=True)
    create_database(path)
    rng = random.Random(20261124)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA synchronous = OFF")
        patients = max(10, visits * PATIENTS // VISITS)
        _people(base, patients, now)
        _prices(base)
        _fill(base, "Receptions", _receptions(rng, visits, patients, now))
        _fill(base, "Orders", _orders(visits, patients, now))
        _fill(base, "OrderServiceRelation", _lines(rng, visits, _plans_of(patients) * PLAN_LINES, now))
        _plans(base, rng, patients, now)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("ANALYZE")


def add_indexes(path: Path, *, by_time: bool) -> int:
    """Ставит указатели из deploy/sql/indexes.sql вместо своих: связи таблиц и, если просят, отметки времени.

    Указатели на связи в базе Ident обычно уже есть; предлагаются администратору те, что на время.
    """
    found = CREATE_INDEX.findall(INDEXES.read_text(encoding="utf-8"))
    wanted = [item for item in found if by_time or not TIME_FIRST.match(item[2])]
    with closing(sqlite3.connect(path)) as base, base:
        old = base.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for (name,) in old:
            base.execute(f'DROP INDEX "{name}"')
        for name, table, columns in wanted:
            base.execute(f'CREATE INDEX "{name}" ON "{table}" ({columns.replace("[", "").replace("]", "")})')
        base.execute("ANALYZE")
    return len(wanted)


def _fill(base: sqlite3.Connection, table: str, rows: Iterator[dict[str, object]]) -> None:
    first = next(rows)
    columns = ", ".join(first)
    marks = ", ".join("?" * len(first))
    text = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
    base.execute(text, tuple(first.values()))
    base.executemany(text, (tuple(row.values()) for row in rows))


def _people(base: sqlite3.Connection, patients: int, now: datetime) -> None:
    _fill(
        base,
        "Persons",
        (
            {"ID": n, "Surname": f"Фамилия{n}", "Name": "Имя", "MobilePhone": f"+7903{n:07d}"}
            for n in range(1, patients + DOCTORS + 1)
        ),
    )
    _fill(
        base,
        "Patients",
        (
            {"ID_Persons": n, "CardNumber": f"К-{n}", "DateTimeChanged": _old(n, patients, now)}
            for n in range(1, patients + 1)
        ),
    )
    _fill(base, "Staffs", ({"ID_Persons": patients + n} for n in range(1, DOCTORS + 1)))
    _fill(
        base,
        "ProfessionNames",
        ({"ID": n, "NameProfession": f"Врач {n}", "ID_Roles": 8} for n in range(1, 5)),
    )
    _fill(
        base,
        "Items",
        ({"ID_Staffs": patients + n, "ID_ProfessionNames": n % 4 + 1} for n in range(1, DOCTORS + 1)),
    )
    _fill(
        base,
        "OwnCompanies",
        ({"ID": n, "Name": name} for n, name in ((1, "Филиал Фучика"), (2, "Филиал Амирхана"))),
    )
    _fill(
        base,
        "Armchairs",
        ({"ID": n, "NameArmchair": f"Кабинет {n}", "ID_OwnCompanies": n % 2 + 1} for n in range(1, 9)),
    )


def _prices(base: sqlite3.Connection) -> None:
    _fill(base, "ServiceItems", ({"ID": n, "Name": f"Услуга {n}"} for n in range(1, SERVICES + 1)))
    _fill(
        base,
        "ServiceItemPrices",
        ({"ID": n, "ID_ServiceItems": n, "Price": 500 + n * 7} for n in range(1, SERVICES + 1)),
    )


def _receptions(rng: random.Random, visits: int, patients: int, now: datetime) -> Iterator[dict[str, object]]:
    for number in range(1, visits + 1):
        start = _start(number, visits, now)
        added = start - timedelta(days=rng.randint(0, 20))
        came = start < now and rng.random() < 0.85
        mark = _text(start) if came else None
        yield {
            "ID": number,
            "ID_Patients": rng.randint(1, patients),
            "ID_Staffs": patients + rng.randint(1, DOCTORS),
            "ID_Armchairs": rng.randint(1, 8),
            "PlanStart": _text(start),
            "PlanEnd": _text(start + timedelta(minutes=30)),
            "ReceptionAdded": _text(min(added, now)),
            "PatientAppeared": mark,
            "ReceptionStarted": mark,
            "ReceptionEnded": mark,
            "CheckIssued": mark,
            "DateTimeAdded": _text(min(added, now)),
            "DateTimeChanged": _text(min(start, now)),
        }


def _orders(visits: int, patients: int, now: datetime) -> Iterator[dict[str, object]]:
    for number in range(1, visits + 1):
        at = _text(min(_start(number, visits, now), now))
        yield {
            "ID": number,
            "ID_OwnCompanies": number % 2 + 1,
            "ID_Receptions": number,
            "ID_Patients": number % patients + 1,
            "DateTimeBillFormed": at,
            "DateTimeAdded": at,
            "DateTimeChanged": at,
        }


def _lines(rng: random.Random, visits: int, plan_lines: int, now: datetime) -> Iterator[dict[str, object]]:
    """Возвращает строки заказов; каждая двадцать пятая исполняет строку плана."""
    whole, most = LINES_PER_VISIT
    done = 0
    for number in range(1, visits + 1):
        at = _text(min(_start(number, visits, now), now))
        for _ in range(most if rng.random() < whole - int(whole) else int(whole)):
            linked = rng.random() < 0.04 and done < plan_lines
            done += linked
            yield {
                "ID_Orders": number,
                "ID_ServicePrices": rng.randint(1, SERVICES),
                "CountService": 1,
                "DiscountSum": 0,
                "ID_TreatmentPlanElementRelations": done if linked else None,
                "DateTimeAdded": at,
                "DateTimeChanged": at,
            }


def _plans(base: sqlite3.Connection, rng: random.Random, patients: int, now: datetime) -> None:
    plans = _plans_of(patients)
    _fill(
        base,
        "TreatmentPlans",
        (
            {
                "ID": n,
                "ID_Patients": rng.randint(1, patients),
                "Name": f"План {n}",
                "IsActive": 1,
                "DateTimeAdded": _old(n, plans, now),
                "DateTimeChanged": _old(n, plans, now),
            }
            for n in range(1, plans + 1)
        ),
    )
    _fill(
        base,
        "TreatmentPlanElementRelations",
        (
            {
                "ID_TreatmentPlans": n % plans + 1,
                "ID_ServicePrices": rng.randint(1, SERVICES),
                "DateTimeAdded": _old(n, plans * PLAN_LINES, now),
                "DateTimeChanged": _old(n, plans * PLAN_LINES, now),
            }
            for n in range(1, plans * PLAN_LINES + 1)
        ),
    )


def _plans_of(patients: int) -> int:
    return max(1, int(patients * PLAN_SHARE))


def _start(number: int, visits: int, now: datetime) -> datetime:
    """Возвращает начало приёма: ровно по десяти годам, последние две недели — впереди."""
    whole = timedelta(days=365 * YEARS + 14)
    return now + timedelta(days=14) - whole * (1 - number / visits)


def _old(number: int, count: int, now: datetime) -> str:
    return _text(now - timedelta(days=365 * YEARS) * (1 - number / count))


def _text(moment: datetime) -> str:
    return moment.strftime(STAMP)
