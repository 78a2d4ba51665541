"""Чужие программы, без которых на Windows не обойтись: что именно, откуда, по какой лицензии."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from installer.ports import InstallError


@dataclass(frozen=True, slots=True)
class Supply:
    """Файл чужой программы; ``sha256`` — единственный годный его вид."""

    key: str
    title: str
    file: str
    sha256: str
    licence: str
    source: str


#: Суммы взяты из нескольких независимых открытых проектов, сверивших те же файлы: издатели своих не дают.
SUPPLIES: tuple[Supply, ...] = (
    Supply(
        key="winsw",
        title="WinSW 2.12.0 — запускает программу службой Windows, останавливает её Ctrl+C",
        file="WinSW.NET461.exe",
        sha256="b5066b7bbdfba1293e5d15cda3caaea88fbeab35bd5b38c41c913d492aadfc4f",
        licence="MIT",
        source="github.com/winsw/winsw, выпуск v2.12.0",
    ),
    Supply(
        key="redis",
        title="Redis 7.2.8 для Windows — брокер и состояние",
        file="Redis-7.2.8-Windows-x64-msys2.zip",
        sha256="aa6d4206a08d1189dd7a57c78201540a53b12350e1ad09ee7caca04120600656",
        licence="BSD-3-Clause (последний ряд Redis с этой лицензией)",
        source="github.com/redis-windows/redis-windows, выпуск 7.2.8",
    ),
)


class SupplyError(InstallError):
    """Чужой программы нет или она не та; текст говорит, что сделать."""


def checked(folder: Path, key: str) -> Path:
    """Возвращает файл чужой программы, сверив контрольную сумму."""
    supply = next(known for known in SUPPLIES if known.key == key)
    path = folder / supply.file
    if not path.is_file():
        raise SupplyError(
            f"Нет файла {path}.\nНужен {supply.title}; возьмите его: {supply.source}, файл {supply.file}, "
            f"и положите в папку {folder}. Сам установщик ничего не скачивает."
        )
    if digest(path) != supply.sha256:
        raise SupplyError(
            f"Файл {path} не тот: его контрольная сумма SHA-256 отличается от {supply.sha256}. "
            f"Возьмите {supply.file} заново: {supply.source}."
        )
    return path


def digest(path: Path) -> str:
    """Возвращает SHA-256 файла."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
