"""Чужие программы, без которых на Windows не обойтись: что именно, откуда, по какой лицензии."""

import hashlib
import tomllib
from collections.abc import Sequence
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


#: Список версий и сумм: свой у программы, и такой же файл в папке supplies пакета, который важнее.
LIST = "supplies.toml"
OWN_LIST = Path(__file__).parent / "templates" / LIST


class SupplyError(InstallError):
    """Чужой программы нет или она не та; текст говорит, что сделать."""


def supplies(folder: Path | None = None) -> Sequence[Supply]:
    """Возвращает чужие программы по списку папки, а нет его — по своему; негодный список — SupplyError."""
    path = folder / LIST if folder and (folder / LIST).is_file() else OWN_LIST
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return [Supply(**entry) for entry in raw["supply"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise SupplyError(f"Список {path} написан с ошибкой: верните его из пакета.") from None


def checked(folder: Path, key: str) -> Path:
    supply = next((known for known in supplies(folder) if known.key == key), None)
    if supply is None:
        raise SupplyError(f"В списке {folder / LIST} нет программы «{key}»: верните его из пакета.")
    path = folder / supply.file
    if not path.is_file():
        raise SupplyError(
            f"Нет файла {path}.\nНужен {supply.title}; возьмите его: {supply.source}, файл {supply.file}, "
            f"и положите в папку {folder}. Сам установщик ничего не скачивает."
        )
    if digest(path) != supply.sha256.lower():
        raise SupplyError(
            f"Файл {path} не тот: его контрольная сумма SHA-256 отличается от {supply.sha256}. "
            f"Возьмите {supply.file} заново: {supply.source}."
        )
    return path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
