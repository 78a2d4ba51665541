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
from services.bitrix.portal_schema import PIPELINE_NAME, STAGES, wanted_fields
from services.domain.mapping import FieldTable

#: Воронка после ``portal setup``: первую стадию и конечные портал не даёт удалить.
DENTAL_STAGES = tuple(
    Stage(one.code, one.name, one.semantics, one.color, system=one is STAGES[0] or bool(one.semantics))
    for one in STAGES
)


def build_demo_portal(options: PortalOptions) -> PortalState:
    """Возвращает портал: сохранённый прежде, пустой (``empty``) или с воронкой и полями клиники."""
    state = PortalState()
    if options.persist is not None and options.persist.exists():
        state.load(json.loads(options.persist.read_text(encoding="utf-8")))
        return state
    furnish(state)
    if not options.empty:
        add_category(state, PIPELINE_NAME, 200, DENTAL_STAGES)
        for field in wanted_fields(FieldTable.build({})):
            described = {"FIELD_NAME": field.name, "USER_TYPE_ID": field.kind, "LABEL": field.label}
            add_userfield(state, DEAL, described)
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
