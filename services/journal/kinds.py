"""Виды событий журнала и то, какие события относятся к безопасности (СПЕЦ 2.6.1, 3.4.3)."""

from collections.abc import Mapping

SYSTEM = "система"
OTHER = "событие"


def _by_event(kinds: Mapping[str, str]) -> Mapping[str, str]:
    return {event: kind for kind, events in kinds.items() for event in events.split()}


#: Постоянное имя события → вид для человека.
KINDS: Mapping[str, str] = _by_event(
    {
        "создание": "deal_created contact_bound",
        "обновление": "deal_updated key_restored",
        "сверка": (
            "deal_unchanged deal_vanished deal_key_cleared reception_deleted reconcile_finished "
            "reconcile_busy reconcile_without_portal"
        ),
        "лид": "lead_converted",
        "стадия": "manual_stage_kept",
        "отклонение": "reception_rejected",
        "повтор": "upsert_postponed failed_revived outcome_not_kept portal_resting",
        "ошибка": "upsert_failed extract_failed",
        "выборка": "extract_finished extract_busy extract_paused",
        "загрузка": "backfill_started",
        "планы": "plans_written plan_not_found patient_not_found",
        "запуск": "process_started",
        "настройки": "settings_reloaded settings_need_restart entities_refused",
        "услуги": "services_missing",
        "очередь": "record_queued outbox_deep outbox_shallow",
        "остановка": "sending_halted sending_resumed sending_paused",
        "тревога": "alert_raised alert_cleared",
        "уведомление": "alert_sent alert_failed",
        "журнал": "journal_limited journal_restored",
    }
)

#: События, которые пишутся ещё и в журнал безопасности.
SECURITY: Mapping[str, str] = _by_event(
    {
        "отказ портала": "sending_halted",
        "распоряжение": (
            "sending_resumed sending_paused requeued failed_dropped portal_set_up sync_requested "
            "support_collected "
            "doctor_requested preview_requested backfill_requested backfill_stopped exchange_started"
        ),
        "отказ базы": "extract_failed plan_lookup_failed",
        "попытка входа": "login_failed login_locked token_refused request_refused",
        "доступ к плану": "plan_refused plan_viewed plan_of_stranger plans_by_day_exceeded",
        "чужая сделка": "foreign_key",
        "настройки": ("config_changed settings_refused secret_changed settings_changed page_password_set"),
    }
)

#: События названных людей и тревоги: для них в каждом журнале есть запас, который незнакомцам не занять.
RESERVED = frozenset(
    {
        *("plan_viewed", "plan_of_stranger"),
        *(
            event
            for event, kind in SECURITY.items()
            if kind in ("отказ портала", "распоряжение", "настройки")
        ),
        *(event for event, kind in KINDS.items() if kind in ("тревога", "уведомление")),
    }
)


def kind_of(event: str) -> str:
    """Возвращает вид события для обычного журнала."""
    return KINDS.get(event) or SECURITY.get(event) or OTHER
