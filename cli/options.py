"""Общие ключи команд."""

import argparse
from pathlib import Path

from config.loader import CONFIG_VARIABLE, settings_file


def with_config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Добавляет ключ --config."""
    parser.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    return parser


def chosen_file(options: argparse.Namespace) -> Path:
    """Возвращает файл настроек команды и называет его дочерним частям программы."""
    import os

    path = settings_file(options.config)
    os.environ[CONFIG_VARIABLE] = str(path)
    return path
