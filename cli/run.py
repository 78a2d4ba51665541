"""Узел служебного компьютера: ``python manage.py run``."""

import os

from cli.arguments import Arguments, count
from config.loader import CONFIG_VARIABLE, load_settings, settings_file


def main(arguments: list[str]) -> int:
    """Проверяет настройки и запускает узел; Ctrl+C останавливает его, дождавшись начатого."""
    parser = Arguments(prog="manage.py run", description="Исполнитель и расписание в одном процессе.")
    parser.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    parser.add_argument("--pool", choices=("threads", "prefork"), default="threads", help="пул Celery")
    parser.add_argument("--name", help="имя узла, если на одном компьютере их несколько")
    parser.add_argument("--concurrency", type=count, help="сколько записей отправлять одновременно")
    options = parser.parse_args(arguments)
    path = settings_file(options.config)
    load_settings(path)
    os.environ[CONFIG_VARIABLE] = str(path)
    return _run(options.pool, options.name, options.concurrency)


def _run(pool: str, name: str | None, concurrency: int | None) -> int:
    from celery.utils.nodenames import host_format

    from tasks.app import celery_app
    from tasks.node import run_node

    hostname = host_format(f"{name}@%h") if name else None
    return run_node(celery_app, pool_cls=pool, hostname=hostname, concurrency=concurrency)
