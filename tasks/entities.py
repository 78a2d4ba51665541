"""Задачи добавленных сущностей: выборка и отправка одной записи."""

from contextlib import closing

from celeryconfig import ENTITY_EXTRACT, ENTITY_PUSH
from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.hints import hint


@celery_app.task(name=ENTITY_EXTRACT, bind=True)
def extract(self: SyncTask, branch_id: str, name: str) -> None:
    """Ставит изменившиеся записи сущности в очередь отправки."""
    with closing(self.services.entity(branch_id, name).extract.packets()) as packets:
        for packet in packets:
            hint(packet)


@celery_app.task(name=ENTITY_PUSH, bind=True, outlives_retries=True)
def push(self: SyncTask, uid: str) -> None:
    """Приводит сделку записи к её состоянию в Ident; повторный вызов безвреден."""
    self.services.entity_of(uid).push.run(uid)
