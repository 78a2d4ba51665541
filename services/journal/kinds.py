"""Виды событий журнала и то, какие события относятся к безопасности (СПЕЦ 2.6.1, 3.4.3)."""

from collections.abc import Mapping

SYSTEM = "система"
OTHER = "событие"

#: Постоянное имя события → вид для человека.
KINDS: Mapping[str, str] = {
    "deal_created": "создание",
    "contact_bound": "создание",
    "deal_updated": "обновление",
    "deal_unchanged": "сверка",
    "deal_vanished": "сверка",
    "deal_key_cleared": "сверка",
    "key_restored": "обновление",
    "reception_deleted": "сверка",
    "reconcile_finished": "сверка",
    "reconcile_busy": "сверка",
    "reconcile_without_portal": "сверка",
    "lead_converted": "лид",
    "manual_stage_kept": "стадия",
    "reception_rejected": "отклонение",
    "upsert_postponed": "повтор",
    "failed_revived": "повтор",
    "outcome_not_kept": "повтор",
    "upsert_failed": "ошибка",
    "extract_finished": "выборка",
    "extract_busy": "выборка",
    "extract_paused": "выборка",
    "backfill_started": "загрузка",
    "plans_written": "планы",
    "plan_not_found": "планы",
    "patient_not_found": "планы",
    "portal_resting": "повтор",
    "process_started": "запуск",
    "settings_reloaded": "настройки",
    "settings_need_restart": "настройки",
    "entities_refused": "настройки",
    "services_missing": "услуги",
    "extract_failed": "ошибка",
    "outbox_deep": "очередь",
    "outbox_shallow": "очередь",
    "sending_halted": "остановка",
    "sending_resumed": "остановка",
    "sending_paused": "остановка",
    "alert_raised": "тревога",
    "alert_cleared": "тревога",
    "alert_sent": "уведомление",
    "alert_failed": "уведомление",
    "journal_limited": "журнал",
    "journal_restored": "журнал",
}

#: События, которые пишутся ещё и в журнал безопасности.
SECURITY: Mapping[str, str] = {
    "sending_halted": "отказ портала",
    "sending_resumed": "распоряжение",
    "sending_paused": "распоряжение",
    "extract_failed": "отказ базы",
    "plan_lookup_failed": "отказ базы",
    "login_failed": "попытка входа",
    "login_locked": "попытка входа",
    "token_refused": "попытка входа",
    "request_refused": "попытка входа",
    "plan_refused": "доступ к плану",
    "plan_viewed": "доступ к плану",
    "plan_of_stranger": "доступ к плану",
    "plans_by_day_exceeded": "доступ к плану",
    "foreign_key": "чужая сделка",
    "config_changed": "настройки",
    "settings_refused": "настройки",
    "secret_changed": "настройки",
    "requeued": "распоряжение",
    "failed_dropped": "распоряжение",
    "portal_set_up": "распоряжение",
    "sync_requested": "распоряжение",
    "doctor_requested": "распоряжение",
    "preview_requested": "распоряжение",
    "backfill_requested": "распоряжение",
    "backfill_stopped": "распоряжение",
}


#: События названных людей и тревоги: для них в каждом журнале есть запас, который незнакомцам не занять.
RESERVED = frozenset(
    {
        "sending_halted",
        "sending_resumed",
        "sending_paused",
        "plan_viewed",
        "plan_of_stranger",
        "config_changed",
        "settings_refused",
        "secret_changed",
        "requeued",
        "failed_dropped",
        "portal_set_up",
        "sync_requested",
        "doctor_requested",
        "preview_requested",
        "backfill_requested",
        "backfill_stopped",
        "alert_raised",
        "alert_cleared",
        "alert_sent",
        "alert_failed",
    }
)


def kind_of(event: str) -> str:
    """Возвращает вид события для обычного журнала."""
    return KINDS.get(event) or SECURITY.get(event) or OTHER
