"""Прежние настройки: перед каждой записью со страницы файл целиком откладывается рядом, в закрытую папку."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from config.files import replace_text
from config.loader import ConfigError, read_text
from config.rights import restrict, strangers

MOST = 20
FORM = "%Y-%m-%dT%H-%M-%S-%f"


def folder_of(settings: Path) -> Path:
    return settings.with_name(f"{settings.stem}.versions")


def keep(settings: Path, now: datetime) -> str:
    """Откладывает нынешний файл и возвращает имя отложенного; самые старые стирает."""
    folder, name = folder_of(settings), f"{now.astimezone(UTC).strftime(FORM)}.toml"
    folder.mkdir(mode=0o700, exist_ok=True)
    if strangers(folder):
        restrict(folder)
    replace_text(folder / name, read_text(settings))
    for path in sorted(folder.glob("*.toml"))[:-MOST]:
        path.unlink()
    return name


def kept(settings: Path) -> Sequence[tuple[str, datetime]]:
    """Возвращает отложенное, новое первым: имя и когда оно было заменено."""
    found = sorted((path.stem for path in folder_of(settings).glob("*.toml")), reverse=True)
    return [(f"{name}.toml", datetime.strptime(name, FORM).replace(tzinfo=UTC)) for name in found]


def former(settings: Path, name: str) -> str:
    """Возвращает отложенный текст; такого нет — ConfigError."""
    if name not in {known for known, _ in kept(settings)}:
        raise ConfigError("Этих прежних настроек уже нет: обновите страницу")
    return read_text(folder_of(settings) / name)
