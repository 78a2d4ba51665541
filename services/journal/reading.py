"""Чтение журналов: строки о записи, вида и дня — поздние первыми; файлы читаются с конца и не целиком."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from services.journal.configure import AUDIT, MAIN
from services.journal.daily import day_of
from services.journal.lines import NONE

#: Больше за один вопрос не читается: страница отвечает за секунды и на полных журналах.
MOST_BYTES = 64 * 2**20
BLOCK = 256 * 1024
LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4}) (?P<level>\w+) +(?P<kind>[^=]+?) +"
    r"приём=(?P<reception>\S+) сделка=(?P<deal>\S+) итог=(?P<result>\S+) (?P<rest>.*?)(?: процесс=\d+)?$"
)


@dataclass(frozen=True, slots=True)
class Line:
    """Строка журнала по частям; ``text`` — ошибка, событие и остальные поля."""

    at: datetime
    level: str
    kind: str
    reception: str
    deal: str
    text: str

    @property
    def told(self) -> str:
        """Возвращает строку для человека: сделка, событие и поля без пустых."""
        deal = f"сделка {self.deal} " if self.deal != NONE else ""
        return deal + self.text.removeprefix(f"ошибка={NONE} ").replace("событие=", "", 1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Что ищут: записи (любая из), вид, дни включительно; пустое — всё."""

    records: Collection[str] = ()
    kind: str = ""
    since: date = date.min
    until: date = date.max


def lines(folder: Path, wanted: Wanted, limit: int) -> tuple[list[Line], date | None]:
    """Возвращает до ``limit`` строк обоих журналов, поздние первыми, и день, глубже которого не читали."""
    files = sorted(
        (
            (day, file)
            for prefix in (MAIN, AUDIT)
            for file in folder.glob(f"{prefix}_*.txt")
            if (day := day_of(file.name, prefix)) is not None and wanted.since <= day <= wanted.until
        ),
        reverse=True,
    )
    found: dict[tuple[datetime, str, str], Line] = {}
    budget, stopped = MOST_BYTES, None
    for day in dict.fromkeys(day for day, _ in files):
        today = [file for of, file in files if of == day]
        if len(found) >= limit or budget <= 0:
            stopped = day
            break
        for file in today:
            # Событие безопасности стоит в обоих журналах: показывается однажды.
            for one in islice(_matching(file, wanted), limit):
                found.setdefault((one.at, one.kind, one.text), one)
        budget -= sum(file.stat().st_size for file in today)
    return sorted(found.values(), key=lambda one: one.at, reverse=True)[:limit], stopped


def _matching(file: Path, wanted: Wanted) -> Iterator[Line]:
    names = "|".join(map(re.escape, wanted.records))
    about = re.compile(rf"(?<![\w])(?:{names})(?!\d)".encode()) if names else None
    for raw in backwards(file):
        if about is not None and about.search(raw) is None:
            continue
        match = LINE.match(raw.decode("utf-8", errors="replace"))
        if match is not None and wanted.kind in ("", match["kind"]):
            at = datetime.strptime(match["at"], "%Y-%m-%d %H:%M:%S.%f%z")
            yield Line(at, match["level"], match["kind"], match["reception"], match["deal"], match["rest"])


def backwards(file: Path) -> Iterator[bytes]:
    """Выдаёт строки файла с конца; в памяти — один кусок."""
    with file.open("rb") as opened:
        left, tail = opened.seek(0, 2), b""
        while left:
            size = min(BLOCK, left)
            left -= size
            opened.seek(left)
            first, *rest = (opened.read(size) + tail).split(b"\n")
            yield from (line.rstrip(b"\r") for line in reversed(rest) if line.strip())
            tail = first
        if tail.strip():
            yield tail.rstrip(b"\r")
