"""Задачи записей: выборка ленты и отправка одной записи — приёма, снимка планов, добавленной сущности."""

from collections.abc import Iterable
from contextlib import closing

from kombu.exceptions import BatchPublishError
from kombu.messaging import Producer

from services.sync.feed import Hints, Outcome
from tasks.app import celery_app
from tasks.base import SyncTask, TaskFailed
from tasks.hands import give_hands
from tasks.names import EXTRACT, LATER_PRIORITY, UPSERT, UPSERT_PRIORITY, queue_of
from tasks.process import on_built

on_built(give_hands)


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
    """Посылает подсказки одной пачкой: по сообщению на запись, в нём только её ключ; ближайшие — вперёд.

    Оборвавшаяся пачка, может быть, дошла и сама: каждая подсказка уходит снова, теперь с повторами Celery;
    лишняя копия безвредна — запись берут однажды.
    """
    with celery_app.producer_or_acquire() as producer:
        try:
            with producer.batch():
                _send(hints, producer)
        except BatchPublishError:
            _send(hints, producer)


def _send(hints: Hints, producer: Producer) -> None:
    for uid, near in hints.items():
        queue, priority = queue_of(uid.partition("_")[0]), UPSERT_PRIORITY if near else LATER_PRIORITY
        upsert.apply_async((uid,), queue=queue, priority=priority, producer=producer)
