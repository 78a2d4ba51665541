"""Демонстрация: ``python manage.py demo`` и ``demo --once [--json]``."""

import argparse
import sys
from pathlib import Path

from cli.arguments import Arguments, amount, port, positive

DESCRIPTION = """Показывает интеграцию в работе на этом компьютере: придуманная клиника из пяти филиалов,
портал-эмулятор со страницей, настоящий Redis, исполнитель, расписание и Flower. Ничего не ставит
и никуда не ходит; люди и телефоны выдуманы."""


def main(arguments: list[str]) -> int:
    """Запускает демонстрацию; код 0 — портал верен."""
    options = read(arguments)
    from demo.manners import Occupied, only_one, stopped_by_signals

    try:
        with only_one(options.state), stopped_by_signals():
            return show(options)
    except Occupied as error:
        print(error, file=sys.stderr)
        return 2


def show(options: argparse.Namespace) -> int:
    if options.once:
        from demo.once import run_once

        return run_once(options.state, options.fresh, options.changes, options.json)
    from demo.alive import run_alive

    return run_alive(options.state, options.fresh, options.port, options.minutes)


def read(arguments: list[str]) -> argparse.Namespace:
    """Возвращает ключи; ключ не к месту — отказ."""
    keys = parser()
    options = keys.parse_args(arguments)
    keys.only_with(options, "--once", "--json", "--changes")
    keys.only_with(options, "--once", "--port", "--minutes", without=True)
    return options


def parser() -> Arguments:
    parser = Arguments(prog="manage.py demo", description=DESCRIPTION)
    parser.add_argument("--once", action="store_true", help="перенести всё, сверить портал и выйти")
    parser.add_argument("--json", action="store_true", help="с --once: напечатать итог одной строкой JSON")
    parser.add_argument(
        "--changes", type=amount, default=0, metavar="N", help="с --once: сначала N событий клиники"
    )
    parser.add_argument("--state", type=Path, default=Path("var/demo"), help="папка состояния (var/demo)")
    parser.add_argument("--fresh", action="store_true", help="начать с новой клиники и пустого портала")
    parser.add_argument("--port", type=port, default=8024, help="порт страницы портала (8024)")
    parser.add_argument("--minutes", type=positive, help="остановиться через столько минут")
    return parser
