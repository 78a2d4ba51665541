"""Задачи присмотра: повторная подсказка, часовая сверка, тревоги."""

from celeryconfig import RECONCILE, REDRIVE, WATCH
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


@celery_app.task(name=WATCH, bind=True)
def watch(self: SyncTask) -> None:
    """Проверяет, всё ли хорошо, и зовёт администратора, если нет."""
    self.services.watch.run()
    self.services.watch_files()
