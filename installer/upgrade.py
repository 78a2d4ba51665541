"""Файл настроек прежней версии — в нынешний вид; примечания и порядок человека остаются."""

from pathlib import Path

from config.editing import read_text
from config.files import replace_text
from config.loader import ConfigError, load_settings
from config.migrations import SchemaError, migrate
from config.vault import Vault
from installer.ports import InstallError


def upgrade_settings(path: Path) -> list[str]:
    """Приводит файл к нынешнему виду и проверяет; возвращает, что сделано. Негодный — InstallError."""
    import tomlkit

    try:
        document = tomlkit.parse(read_text(path))
        done = migrate(document)
        if done:
            replace_text(path, tomlkit.dumps(document))
        if sealed := Vault(path).seal():
            done.append(f"зашифрованы секреты: {', '.join(sealed)}")
        load_settings(path)
    except (ConfigError, SchemaError) as error:
        raise InstallError(str(error)) from None
    return done
