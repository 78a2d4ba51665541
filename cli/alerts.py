"""Проба уведомлений: ``python manage.py alerts test``."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from cli.arguments import Arguments
from cli.session import add_config, opened_services

NO_CHANNELS = """Каналов уведомлений нет: добавьте в настройки хотя бы один.
  [alerts]
  bitrix_users = [1]             # номера сотрудников портала

  [alerts.email]
  host = "smtp.example.ru"
  sender = "ident@example.ru"
  to = ["admin@example.ru"]"""


def main(arguments: list[str]) -> int:
    """Отправляет по одному уведомлению в каждый канал; хоть один не взял — код 1."""
    parser = Arguments(prog="manage.py alerts", description="Уведомления администратору.")
    actions = parser.add_subparsers(title="действия", required=True, metavar="ДЕЙСТВИЕ")
    add_config(actions.add_parser("test", help="отправить пробное уведомление в каждый канал"))
    with opened_services(parser.parse_args(arguments)) as services:
        from services.alerts.heartbeat import Heartbeat
        from services.alerts.message import trial_notice

        channels, address = services.channels(), services.settings.alerts.heartbeat
        if not channels and address is None:
            print(NO_CHANNELS, file=sys.stderr)
            return 2
        notice = trial_notice(datetime.now(UTC), services.settings.rules.zone)
        tries = [_tried(channel.name, partial(channel.send, notice)) for channel in channels]
        if address is not None:
            heartbeat = Heartbeat(address.get_secret_value())
            tries.append(_tried(heartbeat.name, partial(heartbeat.beat, ())))
        return max(tries)


def _tried(name: str, send: Callable[[], None]) -> int:
    from services.ports import ChannelError

    try:
        send()
    except ChannelError as error:
        print(f"  {name}: НЕ ДОШЛО — {error}")
        return 1
    print(f"  {name}: отправлено")
    return 0
