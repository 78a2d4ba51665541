"""Задачи присмотра: повторная подсказка, часовая сверка, загрузка прошлого, признак жизни узла."""

from contextlib import closing

from celeryconfig import BACKFILL, HEARTBEAT, RECONCILE, REDRIVE
from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.hints import hint


@celery_app.task(name=REDRIVE, bind=True)
def redrive(self: SyncTask, branch_id: str) -> None:
    """Подсказывает записи, чьё время пришло или чей узел погиб."""
    hint(self.services.branch(branch_id).redrive.due())


@celery_app.task(name=RECONCILE, bind=True)
def reconcile(self: SyncTask, branch_id: str) -> None:
    """Сверяет окно приёмов филиала с доставленным."""
    with closing(self.services.branch(branch_id).reconcile.packets()) as packets:
        for packet in packets:
            hint(packet)


@celery_app.task(name=BACKFILL, bind=True)
def backfill(self: SyncTask, branch_id: str) -> None:
    """Загружает следующую страницу прошлого; ход виден команде backfill."""
    hint(self.services.branch(branch_id).backfill.page())


@celery_app.task(name=HEARTBEAT, bind=True)
def heartbeat(self: SyncTask, node: str) -> None:
    """Отмечает, что узел жив и разбирает свои очереди."""
    self.services.store.pulse.beat(node)
