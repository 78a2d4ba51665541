"""Запись об установке: что стоит на этом компьютере и сделано установщиком."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from installer.ports import InstallError


@dataclass(frozen=True, slots=True)
class Record:
    """Установленная версия, её службы и что ещё сделано."""

    version: str
    services: Sequence[str]
    redis_server: str = ""
    opened_port: bool = False

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_record(path: Path) -> Record | None:
    """Читает запись; нет её — None, испорченная — InstallError."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            str(raw["version"]),
            tuple(raw["services"]),
            str(raw.get("redis_server", "")),
            bool(raw.get("opened_port", False)),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise InstallError(
            f"Запись об установке {path} испорчена: установите заново поверх (install)."
        ) from None


def installed(path: Path) -> Record:
    """Читает запись; нет её — InstallError."""
    record = load_record(path)
    if record is None:
        raise InstallError("Интеграция на этом компьютере не установлена: выполните service install.")
    return record
