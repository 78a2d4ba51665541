"""Методы crm.category.*: воронки сделок."""

from __future__ import annotations

from demo.portal import stages
from demo.portal.call import Call, Handler, Reply
from demo.portal.errors import RestError, not_found
from demo.portal.php import php_int, php_str
from demo.portal.schema import DEAL
from demo.portal.state import Row


def listed(call: Call) -> Reply:
    """Возвращает воронки."""
    _check_type(call)
    rows = sorted(call.state.categories, key=lambda row: (row["sort"], row["id"]))
    return Reply({"categories": rows}, total=len(rows))


def get(call: Call) -> Row:
    """Возвращает воронку."""
    return {"category": _existing(call)}


def add(call: Call) -> Row:
    """Создаёт воронку с начальными стадиями; одинаковые названия портал допускает."""
    _check_type(call)
    fields = call.fields() or {}
    name = php_str(fields.get("name")).strip()
    if not name:
        raise RestError(400, "CRM_FIELD_ERROR_REQUIRED", "Поле «Название» обязательно для заполнения")
    sort = php_int(fields.get("sort")) or 500
    return {"category": stages.add_category(call.state, name, sort, stages.DEFAULT_DEAL_STAGES)}


def update(call: Call) -> Row:
    """Меняет название и порядок воронки."""
    row, fields = _existing(call), call.fields() or {}
    if fields.get("name"):
        row["name"] = php_str(fields["name"])
    if "sort" in fields:
        row["sort"] = php_int(fields["sort"])
    return {"category": row}


def _check_type(call: Call) -> None:
    if call.number("entityTypeId") != DEAL:
        raise not_found("Смарт-процесс не найден")


def _existing(call: Call) -> Row:
    _check_type(call)
    found = next((row for row in call.state.categories if row["id"] == call.number()), None)
    if found is None:
        raise not_found("Воронка не найдена")
    return found


METHODS: dict[str, Handler] = {
    "crm.category.list": listed,
    "crm.category.get": get,
    "crm.category.add": add,
    "crm.category.update": update,
}
