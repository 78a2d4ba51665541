"""Задачи о планах лечения: ответ вкладке."""

from celeryconfig import LOOKUP
from tasks.app import celery_app
from tasks.base import SyncTask


@celery_app.task(name=LOOKUP, bind=True, ignore_result=False, track_started=False, autoretry_for=())
def lookup(self: SyncTask, branch_id: str, sealed: str) -> str:
    """Отвечает на запечатанный вопрос вкладки; повторять поздно: человек спросит сам."""
    return self.services.plans(branch_id).lookup_sealed(sealed)
