"""Задачи о приёмах: выборка филиала и отправка одной записи."""

from contextlib import closing

from celeryconfig import EXTRACT, UPSERT
from services.domain.reception import parse_uid
from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.hints import hint


@celery_app.task(name=EXTRACT, bind=True)
def extract(self: SyncTask, branch_id: str) -> None:
    """Ставит изменившиеся приёмы филиала в очередь отправки."""
    with closing(self.services.branch(branch_id).extract.packets()) as packets:
        for packet in packets:
            hint(packet)


@celery_app.task(name=UPSERT, bind=True, outlives_retries=True)
def upsert(self: SyncTask, uid: str) -> None:
    """Приводит сделку записи к её состоянию в Ident; повторный вызов безвреден."""
    self.services.branch(parse_uid(uid).branch_id).upsert.run(uid)
