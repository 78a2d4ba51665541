"""Таблица замера: на экран — для человека, в JSON — для графиков и сравнения прогонов."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

Row = Mapping[str, object]
LIBRARIES = ("celery", "kombu", "redis", "requests", "b24pysdk", "fast_bitrix24")


@dataclass
class Table:
    """Строки замера под одним заголовком; столбцы — ключи первой строки."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, **cells: object) -> None:
        """Добавляет строку и сразу печатает её: долгий замер виден по ходу."""
        self.rows.append(cells)
        print("  " + ", ".join(f"{name}: {_shown(value)}" for name, value in cells.items()), flush=True)

    def show(self) -> None:
        """Печатает таблицу целиком."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table as RichTable

        drawn = RichTable(title=self.title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in _columns(self.rows):
            drawn.add_column(column, justify="right" if _is_number(self.rows, column) else "left")
        for row in self.rows:
            drawn.add_row(*(_shown(row.get(column, "")) for column in _columns(self.rows)))
        console = Console(width=max(100, Console().width))
        console.print(drawn)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)

    def save(self, folder: Path) -> Path:
        """Записывает таблицу в ``folder/имя.json`` вместе с машиной и версиями."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        content = {"title": self.title, "machine": machine(), "rows": self.rows, "notes": self.notes}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        return path


def machine() -> dict[str, object]:
    """Возвращает, на чём мерили: система, ядра, версии."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _is_number(rows: Sequence[Row], column: str) -> bool:
    return any(isinstance(row.get(column), (int, float)) for row in rows)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if 0 < abs(value) < 1 else f"{value:.1f}"
    return "—" if value is None else str(value)
