"""Проверка файла настроек: ``python manage.py config check``."""

from datetime import timedelta
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.session import add_config, chosen_file
from config.loader import load_settings

if TYPE_CHECKING:
    from config.models import Settings


def main(arguments: list[str]) -> int:
    """Проверяет настройки и показывает, как они поняты; негодные — код 2."""
    parser = Arguments(prog="manage.py config", description="Проверяет файл настроек.")
    actions = parser.add_subparsers(title="действия", required=True, metavar="ДЕЙСТВИЕ")
    add_config(actions.add_parser("check", help="проверить и показать, как настройки поняты"))
    path = chosen_file(parser.parse_args(arguments))
    settings = load_settings(path)
    print(f"Настройки годны: {path}")
    print("\n".join(told(settings)))
    return 0


def told(settings: "Settings") -> list[str]:
    """Пересказывает настройки без секретов."""
    served = {branch.branch_id for branch in settings.served}
    sync, portal = settings.sync, settings.portal
    return [
        f"  Воронка: {portal.category_id}, к порталу до {portal.requests_per_second:g} запросов в секунду",
        *(
            f"  {branch.branch_id} {branch.name}: база {branch.database}"
            + ("" if branch.branch_id in served else " (ведёт другой компьютер)")
            for branch in settings.branches
        ),
        f"  Выборка каждые {_told(sync.interval)}, сверка каждые {_told(sync.reconcile_interval)}",
        f"  Журналы: {settings.journal.folder}, хранятся {settings.journal.keep_days} суток",
    ]


def _told(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 60} мин" if seconds % 60 == 0 else f"{seconds} с"
