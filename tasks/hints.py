"""Подсказки: по сообщению на запись очереди, в сообщении только её ключ."""

from collections.abc import Sequence

from celeryconfig import PLAN_PUSH, UPSERT, UPSERT_PRIORITY, queue_of
from services.domain.plan_key import is_plan_key, parse_plan_key
from services.domain.reception import parse_uid
from tasks.app import celery_app


def hint(uids: Sequence[str]) -> None:
    """Посылает подсказки: приёму — отправку сделки, пациенту — отправку снимка планов."""
    for uid in uids:
        plans = is_plan_key(uid)
        branch_id = parse_plan_key(uid).branch_id if plans else parse_uid(uid).branch_id
        task = celery_app.tasks[PLAN_PUSH if plans else UPSERT]
        task.apply_async((uid,), queue=queue_of(branch_id), priority=UPSERT_PRIORITY)
