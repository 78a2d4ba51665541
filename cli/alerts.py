"""Проба уведомлений: ``python manage.py alerts test``."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.session import add_config, opened_services

if TYPE_CHECKING:
    from services.ports import AlertChannel, Notice

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
        from services.alerts.message import trial_notice

        channels = services.channels()
        if not channels:
            print(NO_CHANNELS, file=sys.stderr)
            return 2
        notice = trial_notice(datetime.now(UTC), services.settings.rules.zone)
        return max([_tried(channel, notice) for channel in channels])


def _tried(channel: "AlertChannel", notice: "Notice") -> int:
    from services.ports import ChannelError

    try:
        channel.send(notice)
    except ChannelError as error:
        print(f"  {channel.name}: НЕ ДОШЛО — {error}")
        return 1
    print(f"  {channel.name}: отправлено")
    return 0
