"""Задача просмотра плана: ответ вкладке «План лечения»."""

from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.names import LOOKUP


@celery_app.task(
    name=LOOKUP,
    bind=True,
    ignore_result=False,
    track_started=False,
    autoretry_for=(),
    resultrepr_maxsize=16,  # запечатанному ответу в журнале и во Flower не место
)
def lookup(self: SyncTask, branch_id: str, sealed: str) -> str:
    """Отвечает на запечатанный вопрос вкладки; повторять поздно: человек спросит сам."""
    return self.services.plans(branch_id).lookup_sealed(sealed)
