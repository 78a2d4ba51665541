"""Имена задач, их очереди и очерёдность: всё, чем шлёт сообщения и тот, кто самих задач не грузит."""

from datetime import timedelta

#: Пара задач на все ленты: выборка одной ленты филиала и отправка одной записи.
EXTRACT, UPSERT = "records.extract", "records.upsert"
LOOKUP = "plans.lookup"
REDRIVE, RECONCILE, BACKFILL, HEARTBEAT, WATCH = (
    "maintenance.redrive",
    "maintenance.reconcile",
    "maintenance.backfill",
    "maintenance.heartbeat",
    "maintenance.watch",
)
WATCH_EVERY = timedelta(minutes=1)
#: Просмотр плана и выборка — впереди отправки; приёмы ближайших суток — впереди прочих.
LOOKUP_PRIORITY, CONTROL_PRIORITY, UPSERT_PRIORITY, LATER_PRIORITY = 0, 3, 6, 9


def queue_of(branch_id: str) -> str:
    return f"branch.{branch_id}"


def plans_queue_of(branch_id: str) -> str:
    """Возвращает имя очереди вопросов о планах: её слушают отдельные потоки исполнителя (ADR 0010)."""
    return f"plans.{branch_id}"


def node_queue(node: str) -> str:
    """Возвращает имя собственной очереди узла: ею он проверяет, что разбирает задачи."""
    return f"node.{node}"
