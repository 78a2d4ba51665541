"""Задачи присмотра: повторная подсказка, сверка, загрузка прошлого, признак жизни узла, тревоги."""

from contextlib import closing

from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.names import BACKFILL, HEARTBEAT, RECONCILE, REDRIVE, WATCH
from tasks.records import hint, hint_all


@celery_app.task(name=REDRIVE, bind=True)
def redrive(self: SyncTask, branch_id: str) -> None:
    """Подсказывает записи, чьё время пришло или чей узел погиб; вперёд они не лезут.

    При долгой очереди это те, чьё сообщение ещё ждёт в ней.
    """
    hint(dict.fromkeys(self.services.branch(branch_id).redrive.due(), False))


@celery_app.task(name=RECONCILE, bind=True)
def reconcile(self: SyncTask, branch_id: str, feed: str = "receptions") -> None:
    """Сверяет окно ленты с доставленным."""
    with closing(self.services.branch(branch_id).feeds[feed].reconcile.packets()) as packets:
        hint_all(packets)


@celery_app.task(name=BACKFILL, bind=True)
def backfill(self: SyncTask, branch_id: str) -> None:
    """Загружает следующую страницу прошлого; ход виден команде backfill."""
    hint(self.services.branch(branch_id).backfill.page())


@celery_app.task(name=HEARTBEAT, bind=True)
def heartbeat(self: SyncTask, node: str) -> None:
    """Отмечает, что узел жив, и говорит, в каком он состоянии."""
    self.services.beat(node)


@celery_app.task(name=WATCH, bind=True)
def watch(self: SyncTask) -> None:
    """Проверяет, всё ли хорошо, и зовёт администратора, если нет."""
    self.services.watch.run()
    self.services.report_outside()
