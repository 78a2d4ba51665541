"""Задачи присмотра: повторная подсказка и часовая сверка."""

from celeryconfig import RECONCILE, REDRIVE
from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.receptions import hint


@celery_app.task(name=REDRIVE, bind=True)
def redrive(self: SyncTask, branch_id: str) -> None:
    """Подсказывает записи, чьё время пришло или чей узел погиб."""
    hint(self.services.branch(branch_id).redrive.due())


@celery_app.task(name=RECONCILE, bind=True)
def reconcile(self: SyncTask, branch_id: str) -> None:
    """Сверяет окно приёмов филиала с доставленным."""
    for packet in self.services.branch(branch_id).reconcile.packets():
        hint(packet)
