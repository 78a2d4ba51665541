"""Методы crm.status.*: справочники и стадии воронок."""

from __future__ import annotations

from typing import Any

from demo.portal import stages
from demo.portal.call import Call, Handler, Reply
from demo.portal.errors import legacy
from demo.portal.methods.rows import picked
from demo.portal.php import php_int, php_map, php_str
from demo.portal.schema import DEAL, LEAD, STAGE_FIELD
from demo.portal.state import PortalState, Row

_GROUPS = {"": "process", "P": "process", "S": "success", "F": "failure"}


def listed(call: Call) -> Reply:
    """Возвращает строки справочника; числа строками."""
    found = picked(call.state.statuses, call.param("filter"), call.param("order") or {"SORT": "ASC"})
    return Reply([shown(row) for row in found], total=len(found))


def get(call: Call) -> Row:
    """Возвращает строку справочника."""
    return shown(_existing(call))


def add(call: Call) -> int:
    """Добавляет строку; приставка «C<id>:» дописывается сама, длинный код — ошибка."""
    fields = call.fields()
    if fields is None:
        raise legacy("Parameter 'fields' must be array.")
    entity, raw, name = (php_str(fields.get(key)).strip() for key in ("ENTITY_ID", "STATUS_ID", "NAME"))
    _check_present(call.state, entity, raw, name)
    code = stages.checked_code(call.state, entity, raw)
    sort, semantics = php_int(fields.get("SORT")) or 10, php_str(fields.get("SEMANTICS")).upper()
    semantics = "" if semantics == "P" else semantics
    _check_place(call.state, entity, sort, semantics)
    stage = stages.Stage(code, name, semantics, php_str(fields.get("COLOR")))
    return int(stages.add_status(call.state, entity, code, stage, sort)["ID"])


def update(call: Call) -> bool:
    """Меняет имя, порядок и цвет; код и группа не меняются."""
    row, fields = _existing(call), call.fields() or {}
    row |= {key: php_str(fields[key]) for key in ("NAME", "COLOR") if key in fields}
    if "SORT" in fields:
        row["SORT"] = php_int(fields["SORT"])
    return True


def delete(call: Call) -> bool:
    """Удаляет строку: системную — лишь с FORCED, занятую — никогда."""
    row = _existing(call)
    forced = php_str(php_map(call.param("params")).get("FORCED")).upper() == "Y"
    if row["SYSTEM"] == "Y" and not forced:
        raise legacy("CRM system status could not be deleted.")
    if _occupied(call.state, row):
        raise legacy("There are active items in this status.")
    call.state.statuses.remove(row)
    return True


def shown(row: Row) -> Row:
    """Возвращает строку справочника видом ответа."""
    texts = {key: str(row[key]) for key in ("ID", "SORT", "CATEGORY_ID")}
    extra = {"SEMANTICS": _GROUPS.get(row["SEMANTICS"], "process"), "COLOR": row["COLOR"]}
    return {**row, **texts, "SEMANTICS": row["SEMANTICS"] or None, "EXTRA": extra}


def _existing(call: Call) -> Row:
    found = next((row for row in call.state.statuses if row["ID"] == call.number()), None)
    if found is None:
        raise legacy("Status is not found.")
    return found


def _check_present(state: PortalState, entity: str, code: str, name: str) -> None:
    missing = [key for key, value in (("ENTITY_ID", entity), ("STATUS_ID", code)) if not value]
    if missing:
        raise legacy(" ".join(f"The field {key} is required." for key in missing))
    if not any(row["ENTITY_ID"] == entity for row in state.statuses) and not stages.prefix_of(entity):
        raise legacy("Specified entity type is not supported.")
    if not name:
        raise legacy("The field Title is required.")


def _check_place(state: PortalState, entity: str, sort: int, semantics: str) -> None:
    """Проверяет порядок групп: рабочие стадии до успешной, успешная одна."""
    final = next((r for r in state.statuses if r["ENTITY_ID"] == entity and r["SEMANTICS"] == "S"), None)
    if final is not None and (semantics == "S" or (semantics == "" and sort >= final["SORT"])):
        raise legacy(
            "Cannot create more stages after the final stage because the final successful stage already"
            " exists. Try using sort order values less than that of the final stage."
        )


def _occupied(state: PortalState, row: Row) -> bool:
    type_id: Any = LEAD if row["ENTITY_ID"] == "STATUS" else DEAL
    is_stage = row["ENTITY_ID"] == "STATUS" or row["ENTITY_ID"].startswith("DEAL_STAGE")
    rows = state.entities[type_id].values() if is_stage else ()
    return any(
        item[STAGE_FIELD[type_id]] == row["STATUS_ID"] and item.get("CATEGORY_ID", 0) == row["CATEGORY_ID"]
        for item in rows
    )


METHODS: dict[str, Handler] = {
    "crm.status.list": listed,
    "crm.status.get": get,
    "crm.status.add": add,
    "crm.status.update": update,
    "crm.status.delete": delete,
}
