"""Общее для команд: ключ --config, службы с журналами команды."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import CONFIG_VARIABLE, load_settings, settings_file

if TYPE_CHECKING:
    from services.container import Services


def with_config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Добавляет ключ --config."""
    parser.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    return parser


def chosen_file(options: argparse.Namespace) -> Path:
    """Возвращает файл настроек команды и называет его остальной программе."""
    path = settings_file(options.config)
    os.environ[CONFIG_VARIABLE] = str(path)
    return path


@contextmanager
def command_services(options: argparse.Namespace) -> Iterator["Services"]:
    """Открывает службы и журналы команды; в конце закрывает."""
    from services.container import build_services, start_command_journal
    from services.journal.configure import stop_journal

    settings = load_settings(chosen_file(options))
    start_command_journal(settings)
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()
        stop_journal()
