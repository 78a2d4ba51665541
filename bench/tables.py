"""Таблица замера: на экран — для человека, в JSON — для отчёта, графиков и сравнения прогонов."""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

Row = Mapping[str, object]
#: Записанные итоги, из которых делается docs/performance.md.
RESULTS = Path(__file__).resolve().parent / "results"
LIBRARIES = ("celery", "kombu", "redis", "requests", "flower", "b24pysdk", "fast_bitrix24")


@dataclass
class Table:
    """Строки замера под одним заголовком; столбцы — ключи всех строк."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Точки для графика: в таблицу не идут.
    series: list[Row] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def add(self, **cells: object) -> None:
        """Добавляет строку и сразу печатает её: долгий замер виден по ходу."""
        self.rows.append(cells)
        print("  " + ", ".join(f"{name}: {shown(value)}" for name, value in cells.items()), flush=True)

    def finish(self, folder: Path) -> None:
        """Печатает таблицу целиком и записывает её."""
        self.show()
        print(f"  записано: {self.save(folder)}", flush=True)

    def show(self) -> None:
        """Печатает таблицу целиком."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table as RichTable

        drawn = RichTable(title=self.title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in columns(self.rows):
            drawn.add_column(column, justify="right" if is_number(self.rows, column) else "left")
        for row in self.rows:
            drawn.add_row(*(shown(row.get(column, "")) for column in columns(self.rows)))
        console = Console(width=max(100, Console().width))
        console.print(drawn)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)

    def save(self, folder: Path) -> Path:
        """Записывает таблицу в ``folder/имя.json`` вместе с командой, машиной и версиями."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        content = {
            "name": self.name,
            "title": self.title,
            "command": repeat_command(sys.argv),
            "took": round(time.monotonic() - self._started, 1),
            "machine": machine(),
            "rows": self.rows,
            "notes": self.notes,
            "series": self.series,
        }
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        return path


def repeat_command(argv: Sequence[str]) -> str:
    """Возвращает команду, которая повторит замер; папки этой машины в неё не попадают."""
    if "bench" not in argv:
        return ""
    words = list(argv[list(argv).index("bench") :])
    if "--out" in words:
        at = words.index("--out")
        del words[at : at + 2]
    return " ".join(["python manage.py", *words])


def machine() -> dict[str, object]:
    """Возвращает, на чём мерили: процессор, ядра, память, система, версии; имени машины здесь нет."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor())


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total / 1e9 + 0.5)


def columns(rows: Sequence[Row]) -> list[str]:
    """Возвращает столбцы всех строк в порядке появления."""
    return list(dict.fromkeys(name for row in rows for name in row))


def is_number(rows: Sequence[Row], column: str) -> bool:
    """Отвечает, числовой ли столбец."""
    return any(isinstance(row.get(column), (int, float)) for row in rows)


def shown(value: object) -> str:
    """Возвращает значение для человека: дробное — с одним знаком, мелкое — с тремя."""
    if isinstance(value, float):
        return f"{value:.3f}" if 0 < abs(value) < 1 else f"{value:.1f}"
    return "—" if value is None else str(value)
