"""Узел служебного компьютера: ``python manage.py run``."""

import argparse
import os

from cli.arguments import Arguments, count
from config.apart import settle_settings
from config.first_run import is_pending
from config.loader import CONFIG_VARIABLE, load_settings, settings_file


def main(arguments: list[str]) -> int:
    """Проверяет настройки и запускает узел; Ctrl+C останавливает его, дождавшись начатого.

    Настроек нет или установку начали на странице — сперва показывает одну эту страницу.
    """
    parser = Arguments(
        prog="manage.py run", description="Исполнитель, расписание и страницы узла в одном процессе."
    )
    parser.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    parser.add_argument("--pool", choices=("threads", "prefork"), default="threads", help="пул Celery")
    parser.add_argument("--name", help="имя узла, если на одном компьютере их несколько")
    parser.add_argument("--concurrency", type=count, help="сколько записей отправлять одновременно")
    parser.add_argument("--only", choices=("worker", "beat"), help="только исполнитель или расписание")
    options = parser.parse_args(arguments)
    path = settings_file(options.config)
    os.environ[CONFIG_VARIABLE] = str(path)
    if options.only is None and is_pending(path):
        from cli.first_run import finish_in_browser

        if not finish_in_browser(path):
            return 0
    if options.only == "beat":
        settle_settings(path)
    load_settings(path)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Запускает роль без команды celery: та грузит все свои подкоманды и расширения, Flower тоже, — 16 МБ."""
    from celery.utils.nodenames import host_format

    from tasks.app import celery_app
    from tasks.node import run_beat, run_node, run_worker

    if options.only == "beat":
        return run_beat(celery_app)
    role = run_worker if options.only == "worker" else run_node
    hostname = host_format(f"{options.name}@%h") if options.name else None
    return role(celery_app, pool_cls=options.pool, hostname=hostname, concurrency=options.concurrency)
