"""Образец настроек со своими значениями вместо заготовок: портал — на этом же компьютере."""

import tomllib
from pathlib import Path

from config.loader import parse_settings
from config.models import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "settings.example.toml"


def example_text() -> str:
    """Возвращает текст образца с заменёнными заготовками."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("https://example.bitrix24.ru/rest/1/СЕКРЕТНЫЙ_КОД/", "http://127.0.0.1/rest/1/code/")
    return text.replace("ПАРОЛЬ", "password")


def example_settings() -> Settings:
    """Возвращает настройки образца."""
    return parse_settings(tomllib.loads(example_text()), EXAMPLE.parent)
