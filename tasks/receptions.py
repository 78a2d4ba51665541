"""Задачи о приёмах: выборка филиала и отправка одной записи."""

from collections.abc import Sequence
from contextlib import closing

from celeryconfig import CONTROL_PRIORITY, EXTRACT, UPSERT, queue_of
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


def request_extracts(branch_ids: Sequence[str]) -> None:
    """Просит выборку филиалов сейчас, не дожидаясь расписания; идущая выборка второй не пустит."""
    for branch_id in branch_ids:
        extract.apply_async((branch_id,), queue=queue_of(branch_id), priority=CONTROL_PRIORITY)
