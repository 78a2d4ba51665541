"""Файл настроек прежней версии при обновлении: открытые секреты шифруются, негодное называется."""

from pathlib import Path

from config.loader import ConfigError, load_settings
from config.vault import Vault
from installer.ports import InstallError


def upgrade_settings(path: Path) -> list[str]:
    """Шифрует открытые секреты и проверяет файл; возвращает, что сделано. Негодный — InstallError."""
    try:
        sealed = Vault(path).seal()
        load_settings(path)
    except ConfigError as error:
        raise InstallError(str(error)) from None
    return [f"зашифрованы секреты: {', '.join(sealed)}"] if sealed else []
