"""Файл настроек из ответов: секреты сразу зашифрованы, пути — папки установки."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.files import replace_text
from config.first_run import begin
from config.loader import ConfigError, load_settings, parse_settings, read_raw
from config.models import MonitorSettings, Settings
from config.vault import Vault
from installer.layout import Layout
from installer.ports import InstallError

HEADER = """# Настройки интеграции Ident - Битрикс24. Сделаны установщиком; менять можно в любом редакторе:
# узел заметит перемену сам. Все ключи и умолчания - документ «Настройки» (docs/configuration.md).
# Секреты вписывает команда:  ident-bitrix secrets set portal.webhook

"""


def write_settings(layout: Layout, answers: Mapping[str, object], redis_url: str | None) -> Settings:
    """Проверяет и записывает настройки; негодные ответы — InstallError, файла не остаётся.

    На диск секреты попадают уже зашифрованными (СПЕЦ 3.4.1.2): открытыми их не оставит никакой сбой.
    """
    import tomlkit

    path = layout.settings
    try:
        document = Vault(path).sealed(_completed(answers, layout, redis_url))
        settings = parse_settings(document, path.parent)
    except ConfigError as error:
        raise InstallError(str(error)) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, HEADER + tomlkit.dumps(document))
    return settings


def begin_settings(layout: Layout, answers: Mapping[str, object], redis_url: str | None) -> None:
    """Записывает начало настроек: ответы, папки и Redis; остальное впишет страница первой установки."""
    import tomlkit

    path = layout.settings
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, HEADER + tomlkit.dumps(Vault(path).sealed(_completed(answers, layout, redis_url))))
    begin(path)


def page_of(path: Path) -> str:
    """Возвращает адрес страницы наблюдения; порт — из настроек, и незаконченных тоже."""
    section = read_raw(path).get("monitor", {})
    port = section.get("port") if isinstance(section, dict) else None
    return f"http://127.0.0.1:{port or MonitorSettings().port}/"


def read_settings(path: Path) -> Settings:
    """Читает настройки прежней установки; негодные или с открытыми секретами — InstallError."""
    try:
        if names := Vault(path).open_names():
            raise InstallError(
                f"В файле настроек {path} секреты записаны открыто: {', '.join(names)}. "
                "Зашифруйте их (ident-bitrix secrets seal) и повторите установку."
            )
        return load_settings(path)
    except ConfigError as error:
        raise InstallError(f"Настройки уже есть, но не годятся: {error}") from None


def upgrade_settings(path: Path) -> list[str]:
    """Шифрует открытые секреты и проверяет файл; возвращает, что сделано. Негодный — InstallError."""
    try:
        sealed = Vault(path).seal()
        load_settings(path)
    except ConfigError as error:
        raise InstallError(str(error)) from None
    return [f"зашифрованы секреты: {', '.join(sealed)}"] if sealed else []


def _completed(answers: Mapping[str, object], layout: Layout, redis_url: str | None) -> dict[str, Any]:
    """Дополняет ответы тем, что знает установщик: папки и свой Redis."""
    sections: dict[str, Any] = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in answers.items()
    }
    sections.setdefault("node", {}).setdefault("state_dir", _portable(layout.state))
    sections.setdefault("journal", {}).setdefault("folder", _portable(layout.logs))
    if redis_url is not None:
        sections.setdefault("redis", {})["url"] = redis_url
    return sections


def _portable(path: Path) -> str:
    return path.as_posix()
