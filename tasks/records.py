"""Задачи записей: выборка ленты и отправка одной записи — приёма, снимка планов, добавленной сущности."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from services.sync.feed import Hints, Outcome
from tasks.app import celery_app
from tasks.base import SyncTask, TaskFailed
from tasks.names import (
    BACKFILL,
    CONTROL_PRIORITY,
    EXTRACT,
    LATER_PRIORITY,
    UPSERT,
    UPSERT_PRIORITY,
    queue_of,
)
from tasks.process import on_built

if TYPE_CHECKING:
    from services.container import Services


@celery_app.task(name=EXTRACT, bind=True)
def extract(self: SyncTask, branch_id: str, feed: str = "receptions") -> None:
    """Ставит изменившиеся записи ленты в очередь отправки."""
    with closing(self.services.branch(branch_id).feeds[feed].extract.packets()) as packets:
        hint_all(packets)


@celery_app.task(name=UPSERT, bind=True, outlives_retries=True, throws=(TaskFailed,))
def upsert(self: SyncTask, uid: str) -> None:
    """Приводит портал к состоянию записи в Ident; повторный вызов безвреден."""
    if self.services.send(uid) is Outcome.FAILED:
        raise TaskFailed(self.services.why_failed(uid))


def hint_all(packets: Iterable[Hints]) -> None:
    for packet in packets:
        hint(packet)


def hint(hints: Hints) -> None:
    """Посылает подсказки: по сообщению на запись, в сообщении только её ключ; ближайшие — вперёд."""
    for uid, near in hints.items():
        queue, priority = queue_of(uid.partition("_")[0]), UPSERT_PRIORITY if near else LATER_PRIORITY
        upsert.apply_async((uid,), queue=queue, priority=priority)


def request_extracts(branch_ids: Sequence[str]) -> None:
    """Просит выборку филиалов сейчас, не дожидаясь расписания; идущая выборка второй не пустит."""
    for branch_id in branch_ids:
        extract.apply_async((branch_id,), queue=queue_of(branch_id), priority=CONTROL_PRIORITY)


def request_backfill(branch_id: str) -> None:
    """Просит узел о следующей странице прошлого."""
    celery_app.send_task(BACKFILL, (branch_id,), queue=queue_of(branch_id), priority=CONTROL_PRIORITY)


@on_built
def give_hands(services: "Services") -> None:
    """Даёт службам процесса то, что умеет только точка входа: позвать узел, не дожидаясь расписания."""
    services.sync_now, services.backfill_now = request_extracts, request_backfill
