"""Чужие программы пакета для Windows: берутся из папки того, кто собирает, и только с верной суммой."""

from collections.abc import Sequence
from pathlib import Path

from installer.supplies import Supply, checked, supplies


def gather(folder: Path | None) -> tuple[Sequence[Path], Sequence[Supply]]:
    """Возвращает годные файлы и чего не хватает; подменённый файл — SupplyError."""
    known = supplies(folder)
    here = [supply for supply in known if folder and (folder / supply.file).is_file()]
    found = [checked(folder, supply.key) for supply in here if folder]
    return found, [supply for supply in known if supply not in here]
