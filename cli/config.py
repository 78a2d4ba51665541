"""Файл настроек: ``python manage.py config check``, код для пароля страницы: ``config code``."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.session import add_config, chosen_file
from config.first_run import new_code
from config.loader import load_settings

if TYPE_CHECKING:
    from config.models import Settings


def main(arguments: list[str]) -> int:
    """Выполняет действие; негодные настройки — код 2."""
    parser = Arguments(prog="manage.py config", description="Проверяет файл настроек.")
    for each in parser.actions(
        ("check", check, "проверить и показать, как настройки поняты"),
        ("code", code, "выдать одноразовый код, которым на странице ставят её пароль"),
    ):
        add_config(each)
    options = parser.parse_args(arguments)
    return int(options.action(chosen_file(options)))


def check(path: Path) -> int:
    """Проверяет настройки и показывает, как они поняты."""
    settings = load_settings(path)
    print(f"Настройки годны: {path}")
    print("\n".join(told(settings)))
    return 0


def code(path: Path) -> int:
    """Выдаёт код; пароль уже стоит — говорит, как его сменить."""
    from config.vault import Vault

    if path.exists() and any(known.name == "monitor.password" for known in Vault(path).known()):
        print("Пароль уже стоит. Сменить: python manage.py secrets set monitor.password", file=sys.stderr)
        return 1
    print(f"Одноразовый код страницы: {new_code(path)}")
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
