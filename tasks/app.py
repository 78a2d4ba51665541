"""Приложение Celery; настройки читаются при первом обращении к ним, а не при импорте."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import (
    celeryd_after_setup,
    celeryd_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from config.rights import ignore_key_log


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


ignore_key_log()
# Flower ищет свои настройки в текущей папке и, не найдя, открыл бы страницу всей сети и без пароля.
os.environ.setdefault("FLOWER_CONF", str(Path(__file__).resolve().parents[1] / "flowerconfig.py"))

celery_app = Celery(
    "ident_bitrix",
    task_cls="tasks.base:SyncTask",
    include=["tasks.records", "tasks.plans", "tasks.maintenance"],
    config_source="celeryconfig",
)
celery_app.add_defaults(_deployment)
# Шаги — по имени: сами они грузят исполнителя Celery, а он не нужен ни расписанию, ни Flower, ни страницам.
celery_app.steps["consumer"] |= {
    "tasks.lookups:LookupConsumer",
    "tasks.steady:SteadyConsumer",
    "tasks.steady:GatheredEvents",
    "tasks.steady:LastingClient",
}
celery_app.steps["worker"].add("tasks.watchdog:WatchdogStep")


@setup_logging.connect
def set_up_journal(**_: object) -> None:
    """Ставит журналы интеграции вместо журналов Celery."""
    from tasks.process import start_journal

    start_journal()


@celeryd_after_setup.connect
def listen_to_own_queue(sender: str, instance: Any, **_: object) -> None:
    """Подписывает узел на его собственную очередь: по ней видно, что задачи разбираются."""
    from tasks.names import node_queue

    instance.app.amqp.queues.select_add(node_queue(sender))


@celeryd_init.connect
def spare_memory(**_: object) -> None:
    """Бережёт память прежде, чем появятся потоки."""
    from tasks.memory import keep_one_arena

    keep_one_arena()


@worker_ready.connect
def settle_memory(**_: object) -> None:
    """Назначает уборку памяти: исполнитель готов."""
    from tasks.memory import keep_settled

    keep_settled()


@worker_process_init.connect
def start_afresh(**_: object) -> None:
    """Начинает процесс пула prefork без служб родителя."""
    from tasks.process import forget_inherited_services

    forget_inherited_services()


@worker_shutting_down.connect
def hand_back_unsent(**_: object) -> None:
    """Возвращает в очередь отправки всё, что ещё не ушло на портал: остановка не ждёт предела частоты."""
    from tasks.process import withdraw_unsent

    withdraw_unsent()


@worker_shutdown.connect
@worker_process_shutdown.connect
def close_services(**_: object) -> None:
    from tasks.process import close_process_services

    close_process_services()


@worker_init.connect
def fit_concurrency(sender: Any, **_: object) -> None:
    """Не даёт пулу prefork поднять сто процессов: число из настроек задумано для потоков.

    Не в celeryd_init: к тому времени ``celery worker`` уже переписал настройку в свои ключи. Число, названное
    ключом -c, остаётся каким названо.
    """
    from celeryconfig import concurrency_for

    if sender.concurrency == sender.app.conf.worker_concurrency:
        sender.concurrency = concurrency_for(sender.pool_cls, sender.concurrency)
