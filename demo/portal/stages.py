"""Воронки и стадии: справочники crm.status, начальные наборы, правила кодов."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo.portal.errors import core, legacy
from demo.portal.schema import DEAL, LEAD
from demo.portal.state import PortalState, Row

STAGE_ID_LENGTH = 22
"""Наибольшая длина кода стадии вместе с приставкой «C<id>:»."""


@dataclass(frozen=True)
class Stage:
    """Начальная стадия справочника."""

    code: str
    name: str
    semantics: str = ""
    color: str = "#39A8EF"
    system: bool = False


DEFAULT_DEAL_STAGES = (
    Stage("NEW", "Новая", system=True),
    Stage("PREPARATION", "Подготовка документов", color="#2FC6F6"),
    Stage("PREPAYMENT_INVOICE", "Счёт на предоплату", color="#55D0E0"),
    Stage("EXECUTING", "В работе", color="#47E4C2"),
    Stage("FINAL_INVOICE", "Финальный счёт", color="#FFA900"),
    Stage("WON", "Сделка успешна", "S", "#7BD500", system=True),
    Stage("LOSE", "Сделка провалена", "F", "#FF5752", system=True),
    Stage("APOLOGY", "Анализ причины провала", "F", "#FF5752"),
)

DEFAULT_LEAD_STAGES = (
    Stage("NEW", "Не обработан", system=True),
    Stage("IN_PROCESS", "В работе", color="#2FC6F6"),
    Stage("PROCESSED", "Обработан", color="#55D0E0"),
    Stage("CONVERTED", "Качественный лид", "S", "#7BD500", system=True),
    Stage("JUNK", "Некачественный лид", "F", "#FF5752", system=True),
)

SOURCES = {
    "CALL": "Звонок", "EMAIL": "Электронная почта", "WEB": "Веб-сайт", "ADVERTISING": "Реклама",
    "PARTNER": "Существующий клиент", "RECOMMENDATION": "По рекомендации", "TRADE_SHOW": "Выставка",
    "WEBFORM": "CRM-форма", "CALLBACK": "Обратный звонок", "RC_GENERATOR": "Генератор продаж",
    "STORE": "Интернет-магазин", "OTHER": "Другое",
}  # fmt: skip


def entity_of(category_id: int) -> str:
    """Возвращает справочник стадий воронки; у общей воронки приставки нет."""
    return f"DEAL_STAGE_{category_id}" if category_id else "DEAL_STAGE"


def prefix_of(entity: str) -> str:
    """Возвращает приставку кода стадии: C1: для DEAL_STAGE_1."""
    match = re.fullmatch(r"DEAL_STAGE_(\d+)", entity)
    return f"C{match.group(1)}:" if match else ""


def stages_of(state: PortalState, type_id: int, category_id: int) -> list[Row]:
    """Возвращает стадии по порядку."""
    entity = "STATUS" if type_id == LEAD else entity_of(category_id)
    return sorted((row for row in state.statuses if row["ENTITY_ID"] == entity), key=lambda r: r["SORT"])


def find_stage(state: PortalState, type_id: int, category_id: int, code: str) -> Row | None:
    """Возвращает стадию воронки по коду или None."""
    return next((row for row in stages_of(state, type_id, category_id) if row["STATUS_ID"] == code), None)


def semantics_of(state: PortalState, type_id: int, category_id: int, code: str) -> str:
    """Возвращает группу стадии: P, S или F."""
    row = find_stage(state, type_id, category_id, code)
    return (row["SEMANTICS"] if row else "") or "P"


def add_category(state: PortalState, name: str, sort: int, stages: tuple[Stage, ...]) -> Row:
    """Создаёт воронку сделок с набором стадий; номер выбрать нельзя."""
    category: Row = {"id": state.next_id("category"), "name": name, "sort": sort, "entityTypeId": DEAL}
    category |= {"isDefault": "N", "originId": "", "originatorId": ""}
    state.categories.append(category)
    add_stages(state, entity_of(category["id"]), stages)
    return category


def add_stages(state: PortalState, entity: str, stages: tuple[Stage, ...]) -> None:
    """Наполняет справочник стадиями с шагом порядка 10."""
    for number, stage in enumerate(stages, start=1):
        add_status(state, entity, prefix_of(entity) + stage.code, stage, number * 10)


def add_status(state: PortalState, entity: str, code: str, stage: Stage, sort: int) -> Row:
    """Добавляет строку справочника."""
    row = {
        "ID": state.next_id("status"),
        "ENTITY_ID": entity,
        "STATUS_ID": code,
        "NAME": stage.name,
        "NAME_INIT": stage.name if stage.system else "",
        "SORT": sort,
        "SYSTEM": "Y" if stage.system else "N",
        "COLOR": stage.color,
        "SEMANTICS": stage.semantics,
        "CATEGORY_ID": int(entity.rpartition("_")[2]) if prefix_of(entity) else 0,
    }
    state.statuses.append(row)
    state.revision += 1
    return row


def checked_code(state: PortalState, entity: str, raw: str) -> str:
    """Возвращает код новой стадии с приставкой или отказывает: длинный код — ошибка, а не обрезка."""
    prefix = prefix_of(entity)
    bare = raw.removeprefix(prefix)
    if not re.fullmatch(r"[0-9A-Z_-]+", bare):
        raise legacy("The field STATUS_ID contains invalid characters.")
    limit = (21 if entity == "STATUS" else STAGE_ID_LENGTH) - len(prefix)
    if len(bare) > limit:
        raise legacy(f"The field STATUS_ID must not exceed {limit} characters.")
    if any(row["ENTITY_ID"] == entity and row["STATUS_ID"] == prefix + bare for row in state.statuses):
        raise core("The specified status ID already exists.")
    return prefix + bare
