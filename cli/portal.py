"""Портал: ``python manage.py portal setup`` и другие подкоманды."""

import argparse

from cli.portal_setup import add_resume, add_setup
from config.loader import CONFIG_VARIABLE


def main(arguments: list[str]) -> int:
    """Выполняет подкоманду и возвращает её код."""
    options = parser().parse_args(arguments)
    code: int = options.run(options)
    return code


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей; подкоманда добавляется своей функцией ``_add_…``."""
    parser = argparse.ArgumentParser(prog="manage.py portal", description="Настройка портала Битрикс24.")
    subcommands = parser.add_subparsers(required=True, metavar="ПОДКОМАНДА")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    add_setup(subcommands, common)
    add_resume(subcommands, common)
    return parser
