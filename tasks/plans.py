"""Задачи о планах лечения: ответ вкладке и снимки планов в сделках."""

from contextlib import closing

from celeryconfig import LOOKUP, PLAN_PUSH, PLAN_SWEEP, PLANS
from services.domain.plan_key import parse_plan_key
from services.sync.delivery import Outcome
from tasks.app import celery_app
from tasks.base import SyncTask
from tasks.hints import hint


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


@celery_app.task(name=PLANS, bind=True)
def extract(self: SyncTask, branch_id: str) -> None:
    """Ставит пациентов с изменившимися планами в очередь отправки."""
    with closing(self.services.branch(branch_id).plans.extract.packets()) as packets:
        for packet in packets:
            hint(packet)


@celery_app.task(name=PLAN_SWEEP, bind=True)
def sweep(self: SyncTask, branch_id: str) -> None:
    """Обходит пациентов с планами: ищет изменения без отметок времени."""
    with closing(self.services.branch(branch_id).plans.sweep.packets()) as packets:
        for packet in packets:
            hint(packet)


@celery_app.task(name=PLAN_PUSH, bind=True, outlives_retries=True)
def push(self: SyncTask, key: str) -> None:
    """Пишет снимок планов пациента в его открытые сделки; повторный вызов безвреден."""
    if self.services.branch(parse_plan_key(key).branch_id).plans.push.run(key) is Outcome.BUSY:
        hint([key])
