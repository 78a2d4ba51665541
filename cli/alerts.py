"""Проба уведомлений: ``python manage.py alerts test``."""

import sys
from datetime import UTC, datetime

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
        from services.alerts.trial import try_channels

        settings = services.settings
        tries = list(
            try_channels(services.channels(), settings.alerts, datetime.now(UTC), settings.rules.zone)
        )
    if not tries:
        print(NO_CHANNELS, file=sys.stderr)
        return 2
    for name, refusal in tries:
        print(f"  {name}: НЕ ДОШЛО — {refusal}" if refusal else f"  {name}: отправлено")
    return int(any(refusal for _, refusal in tries))
