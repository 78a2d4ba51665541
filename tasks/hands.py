"""Что службы процесса умеют лишь через точку входа: позвать узел. Celery грузится, когда его зовут."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.names import BACKFILL, CONTROL_PRIORITY, EXTRACT, queue_of

if TYPE_CHECKING:
    from services.container import Services


def give_hands(services: Services) -> None:
    """Даёт службам процесса то, что умеет только точка входа: позвать узел, не дожидаясь расписания."""
    services.sync_now, services.backfill_now = request_extracts, request_backfill


def request_extracts(branch_ids: Sequence[str]) -> None:
    """Просит выборку филиалов сейчас, не дожидаясь расписания; идущая выборка второй не пустит."""
    for branch_id in branch_ids:
        send_to_node(EXTRACT, branch_id)


def request_backfill(branch_id: str) -> None:
    """Просит узел о следующей странице прошлого."""
    send_to_node(BACKFILL, branch_id)


def send_to_node(task: str, branch_id: str) -> None:
    """Посылает узлу сообщение впереди отправок; ответа не ждёт, и подписка на него ни к чему."""
    from tasks.app import celery_app

    queue = queue_of(branch_id)
    celery_app.send_task(task, (branch_id,), queue=queue, priority=CONTROL_PRIORITY, ignore_result=True)
