"""Готовые порталы: обычный свежий и портал клиники с воронкой «Стоматология»."""

from __future__ import annotations

import json

from demo.portal.options import PortalOptions
from demo.portal.schema import DEAL
from demo.portal.stages import (
    DEFAULT_DEAL_STAGES,
    DEFAULT_LEAD_STAGES,
    SOURCES,
    Stage,
    add_category,
    add_stages,
    add_status,
)
from demo.portal.state import PortalState
from demo.portal.userfields import add_userfield

DENTAL_FUNNEL = "Стоматология"

# Коды короче, чем в МАП 2.4: «C1:CONSULTATION_SCHEDULED» — 25 знаков, портал принимает 22.
DENTAL_STAGES = (
    Stage("CONSULT_SCHED", "Запись на консультацию", color="#39A8EF", system=True),
    Stage("CONSULT_DONE", "Консультация проведена", color="#2FC6F6"),
    Stage("PLAN_PRESENT", "Презентация плана лечения", color="#55D0E0"),
    Stage("WAITING_LIST", "Лист ожидания", color="#B7A5F2"),
    Stage("PREPAYMENT", "Получена предоплата", color="#FFA900"),
    Stage("TREATMENT", "Лечение", color="#47C2A5"),
    Stage("WON", "Успешно", "S", "#6DB42C", system=True),
    Stage("LOSE", "Не успешно", "F", "#E5534B", system=True),
)

DENTAL_FIELDS = {
    "UF_CRM_RECEPTION_ID": ("string", "Номер приёма"),
    "UF_CRM_START_TIME": ("datetime", "Начало приёма"),
    "UF_CRM_END_TIME": ("datetime", "Окончание приёма"),
    "UF_CRM_DOCTOR_SURNAME": ("string", "Фамилия врача"),
    "UF_CRM_DOCTOR_NAME": ("string", "Имя врача"),
    "UF_CRM_DOCTOR_PATRONYMIC": ("string", "Отчество врача"),
    "UF_CRM_DOCTOR_PROFESSION": ("string", "Специальность врача"),
    "UF_CRM_FILIAL": ("string", "Филиал"),
    "UF_CRM_SERVICES": ("string", "Услуги"),
    "UF_CRM_CANCEL_REASON": ("string", "Причина отмены"),
    "UF_CRM_CARD_NUMBER": ("string", "Номер карты"),
    "UF_CRM_ARMCHAIR": ("string", "Кресло"),
    "UF_CRM_STATUS": ("string", "Статус приёма"),
    "UF_CRM_CREATED_TIME": ("datetime", "Запись создана"),
    "UF_CRM_APPEARED_TIME": ("datetime", "Пациент пришёл"),
    "UF_CRM_STARTED_TIME": ("datetime", "Приём начат"),
    "UF_CRM_ENDED_TIME": ("datetime", "Приём завершён"),
    "UF_CRM_CANCELED_TIME": ("datetime", "Приём отменён"),
    "UF_CRM_SOURCE": ("string", "Источник записи"),
    "UF_CRM_IDENT_PATIENT": ("string", "Пациент в Ident"),
    "UF_CRM_TREATMENT_PLANS": ("string", "Планы лечения"),
}


def build_demo_portal(options: PortalOptions) -> PortalState:
    """Возвращает портал: сохранённый прежде, пустой (``empty``) или с воронкой и полями клиники."""
    state = PortalState()
    if options.persist is not None and options.persist.exists():
        state.load(json.loads(options.persist.read_text(encoding="utf-8")))
        return state
    furnish(state)
    if not options.empty:
        add_category(state, DENTAL_FUNNEL, 200, DENTAL_STAGES)
        for name, (kind, label) in DENTAL_FIELDS.items():
            add_userfield(state, DEAL, {"FIELD_NAME": name, "USER_TYPE_ID": kind, "LABEL": label})
    return state


def furnish(state: PortalState) -> None:
    """Наполняет справочники свежего портала."""
    state.users.append({"ID": 1, "NAME": "Анна", "LAST_NAME": "Администратор", "ADMIN": True})
    state.users.append({"ID": 5, "NAME": "Мария", "LAST_NAME": "Менеджер", "ADMIN": False})
    general = {"id": 0, "name": "Общая", "sort": 300, "entityTypeId": DEAL, "isDefault": "Y"}
    state.categories.append(general | {"originId": "", "originatorId": ""})
    add_stages(state, "DEAL_STAGE", DEFAULT_DEAL_STAGES)
    add_stages(state, "STATUS", DEFAULT_LEAD_STAGES)
    for number, (code, name) in enumerate(SOURCES.items(), start=1):
        add_status(state, "SOURCE", code, Stage(code, name, color=""), number * 10)
