"""Приложение Celery; настройки читаются при первом обращении к ним, а не при импорте."""

from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_process_shutdown, worker_shutdown


def _deployment() -> dict[str, Any]:
    """Возвращает настройки развёртывания; негодные настройки — текст человеку и код 2, без трассировки."""
    import sys

    from celeryconfig import deployment
    from config.loader import ConfigError, load_settings

    try:
        return deployment(load_settings())
    except ConfigError as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(2) from None


celery_app = Celery(
    "ident_bitrix",
    task_cls="tasks.base:SyncTask",
    include=["tasks.receptions", "tasks.maintenance"],
    config_source="celeryconfig",
)
celery_app.add_defaults(_deployment)


@setup_logging.connect
def set_up_journal(**_: object) -> None:
    """Ставит журналы интеграции вместо журналов Celery."""
    from tasks.base import start_journal

    start_journal()


@worker_shutdown.connect
@worker_process_shutdown.connect
def close_services(**_: object) -> None:
    """Закрывает соединения процесса."""
    from tasks.base import close_process_services

    close_process_services()


@celeryd_init.connect
def fit_concurrency(conf: Any, options: dict[str, Any], **_: object) -> None:
    """Не даёт пулу prefork поднять сто процессов: их число задумано для потоков."""
    from celeryconfig import concurrency_for

    conf.worker_concurrency = concurrency_for(options.get("pool_cls"), conf.worker_concurrency)
