"""Настройки Celery: надёжность, очереди филиалов и единственная таблица расписания.

Значения модуля постоянны; зависящее от развёртывания (брокер, филиалы, интервал) собирает ``deployment``
из файла настроек, когда Celery впервые о нём спросит: импорт ничего не делает.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.models import Settings

# --- Сообщения: только JSON и только номера (ADR 0003) --------------------------------------------
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
enable_utc = True
timezone = "UTC"

# --- Доставка хотя бы один раз (docs/at_least_once.md) ----------------------------------------------
task_acks_late = True  # сообщение подтверждается после работы: убитый узел его не теряет
task_reject_on_worker_lost = True
task_acks_on_failure = task_acks_on_timeout = True  # исход записи хранит очередь отправки, а не сообщение
task_ignore_result = True
task_store_errors_even_if_ignored = False
result_expires = 60
task_track_started = True
worker_prefetch_multiplier = 1
task_default_priority = 6
task_create_missing_queues = True

# --- Соединение с Redis -----------------------------------------------------------------------------
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # узел, поднявшийся раньше Redis, ждёт его сколько нужно
broker_connection_timeout = 10
broker_transport_options = {
    # Сколько взятое и не подтверждённое сообщение считается в работе. Больше самой долгой отсрочки (10 мин):
    # меньше — отложенное доставлялось бы снова и снова. Вернувшаяся копия безвредна: запись берут по аренде,
    # а периодическую задачу — по талону. Раньше, чем через полчаса, работу убитого узла вернёт redrive.
    "visibility_timeout": 1800,
    "priority_steps": [0, 3, 6, 9],
    # Впереди — очерёдность (tasks/names.py), внутри неё филиалы по кругу: «priority» обходит очереди всегда
    # с первой, и загрузка прошлого одного филиала держала бы остальных.
    "queue_order_strategy": "round_robin",
    # brpop_timeout: сообщение будит узел сразу, а впустую он просыпается раз в две секунды. Дольше — столько
    # же ждали бы остановка и пересоединение: канал закрывается, дочитав ответ.
    "polling_interval": 2,
    # Ответа не ждут вечно; предел заведомо больше brpop_timeout, иначе обрывалось бы само ожидание.
    "socket_timeout": 30,
    "socket_connect_timeout": 10,
    # Полуоткрытое соединение (уснувший коммутатор, выдернутый кабель): ядро проверяет его само, а kombu
    # пересоединяется, если Redis молчит дольше brpop_timeout + health_check_interval.
    "socket_keepalive": True,
    "health_check_interval": 15,
    # retry_on_timeout здесь нет: с ним kombu не шлёт подсказки пачкой (Producer.batch) — повтор redis-py
    # удвоил бы её. Оборванное соединение и без него находит проверка перед обращением и повтор самой Celery.
}
redis_socket_timeout = 30
redis_socket_connect_timeout = 10
redis_socket_keepalive = True
redis_backend_health_check_interval = 15
redis_retry_on_timeout = True

# --- Исполнитель ------------------------------------------------------------------------------------
# Пул называют ключом --pool: стой он здесь, Celery приняла бы «--pool prefork» за умолчание и отбросила.
# На Windows, где prefork нет, пул threads ставит deployment(). У SQL и HTTP свои пределы времени.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = True  # Flower; пачками (tasks/steady.py)
worker_enable_remote_control = True
worker_cancel_long_running_tasks_on_connection_loss = False  # потоки не отменить; повтор безвреден
worker_enable_prefetch_count_reduction = False
# Неотправленное возвращается в очередь сразу (tasks/app.py); ушедшему на портал дают двадцать секунд.
worker_soft_shutdown_timeout = 20.0
worker_proc_alive_timeout = 30.0
beat_max_loop_interval = 5
beat_scheduler = "tasks.schedule:SteadyScheduler"  # монотонное, без файла, с талонами


def deployment(settings: Settings) -> dict[str, Any]:
    """Возвращает настройки Celery, зависящие от файла настроек."""
    from kombu.entity import Queue

    from tasks.names import UPSERT, queue_of

    broker = settings.redis.url.get_secret_value()
    queues = [queue_of(branch.branch_id) for branch in settings.served]
    pool = {"worker_pool": "threads"} if sys.platform == "win32" else {}
    return {
        **pool,
        **redis_tls(settings),
        "page": f"http://127.0.0.1:{settings.monitor.port}/",
        "broker_url": broker,
        "result_backend": broker,
        "broker_transport_options": {
            **broker_transport_options,
            "global_keyprefix": f"{settings.redis.prefix}:celery:",
        },
        "result_backend_transport_options": {"global_keyprefix": f"{settings.redis.prefix}:result:"},
        "task_queues": [Queue(name, routing_key=name) for name in queues],
        "task_default_queue": queues[0],
        "worker_concurrency": settings.node.concurrency,
        "task_annotations": {UPSERT: {"rate_limit": f"{settings.node.upserts_per_second:g}/s"}},
        "beat_schedule": beat_table(settings),
    }


def redis_tls(settings: Settings) -> dict[str, Any]:
    """Возвращает настройки TLS до общего Redis; на этом же компьютере шифровать нечего."""
    import ssl

    if not settings.redis.tls:
        return {}
    trusted = {"ssl_ca_certs": str(settings.redis.ca_file)} if settings.redis.ca_file else {}
    tls = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **trusted}
    return {"broker_use_ssl": tls, "redis_backend_use_ssl": tls}


def concurrency_for(pool: object, wanted: int) -> int:
    """Возвращает число одновременных отправок: потоков — сколько задано, процессов — не больше ядер."""
    return min(wanted, os.cpu_count() or 1) if "prefork" in str(pool) else wanted


def beat_table(settings: Settings) -> dict[str, Mapping[str, Any]]:
    """Возвращает расписание: выборка и сверка каждой ленты, повторная подсказка филиала, присмотр за узлом.

    Снимки планов ведёт домашний филиал: пациент один на базу. Сверять добавленные сущности нечем.
    """
    from tasks.names import EXTRACT, RECONCILE, REDRIVE, WATCH, WATCH_EVERY

    sync, table = settings.sync, dict[str, Mapping[str, Any]]()
    bases = [branch.database for branch in settings.branches]
    for branch in settings.served:
        own = branch.branch_id
        home = branch.home or bases.count(branch.database) == 1
        table[f"redrive-{own}"] = _entry(REDRIVE, sync.redrive_interval, own)
        for feed in ["receptions", *(["plans"] if home else [])]:
            table[f"extract-{feed}-{own}"] = _entry(EXTRACT, sync.interval, own, feed)
            table[f"reconcile-{feed}-{own}"] = _entry(RECONCILE, sync.reconcile_interval, own, feed)
        for path in settings.node.entities:
            table[f"extract-{path.stem}-{own}"] = _entry(EXTRACT, sync.interval, own, path.stem)
    first = settings.served[0].branch_id
    return {**table, "watch": {**_entry(WATCH, WATCH_EVERY, first), "args": ()}}


def _entry(task: str, every: timedelta, branch_id: str, *feed: str) -> Mapping[str, Any]:
    """Возвращает строку расписания.

    Срока годности (``expires``) нет: он сравнивал бы часы двух компьютеров. Залежавшееся не сработает
    по талону, и пачкой оно не выстрелит.
    """
    from tasks.names import CONTROL_PRIORITY, queue_of

    return {
        "task": task,
        "schedule": every,
        "args": (branch_id, *feed),
        "options": {"queue": queue_of(branch_id), "priority": CONTROL_PRIORITY},
    }
