"""Подсказки: по сообщению на запись очереди, в сообщении только её ключ."""

from collections.abc import Sequence

from celeryconfig import ENTITY_PUSH, PLAN_PUSH, UPSERT, UPSERT_PRIORITY, queue_of
from services.domain.entity import is_entity_key, parse_entity_key
from services.domain.plan_key import is_plan_key, parse_plan_key
from services.domain.reception import parse_uid
from tasks.app import celery_app


def hint(uids: Sequence[str]) -> None:
    """Посылает подсказки: каждой записи — ту отправку, которая её знает."""
    for uid in uids:
        task, branch_id = address_of(uid)
        options = {"queue": queue_of(branch_id), "priority": UPSERT_PRIORITY}
        celery_app.tasks[task].apply_async((uid,), **options)


def address_of(uid: str) -> tuple[str, str]:
    """Возвращает задачу и филиал записи по её ключу."""
    if is_plan_key(uid):
        return PLAN_PUSH, parse_plan_key(uid).branch_id
    if is_entity_key(uid):
        return ENTITY_PUSH, parse_entity_key(uid).branch_id
    return UPSERT, parse_uid(uid).branch_id
