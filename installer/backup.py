"""Копия настроек и состояния перед обновлением и её возврат."""

import shutil
from datetime import datetime
from pathlib import Path

from installer.layout import Layout

KEPT = 5


def save(layout: Layout, version: str, now: datetime) -> Path:
    """Копирует настройки и состояние; возвращает папку копии. Давние копии удаляются."""
    folder = layout.backups / f"{now:%Y-%m-%d_%H%M%S}_{version}"
    for name, source in _parts(layout):
        shutil.copytree(source, folder / name)
    for old in sorted(path for path in layout.backups.iterdir() if path.is_dir())[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def restore(layout: Layout, folder: Path) -> None:
    """Возвращает файлы копии на место; появившееся после неё не трогает."""
    for name, target in _parts(layout):
        shutil.copytree(folder / name, target, dirs_exist_ok=True)


def _parts(layout: Layout) -> tuple[tuple[str, Path], ...]:
    return (("config", layout.config), ("state", layout.state))
