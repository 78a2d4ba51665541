"""Методы crm.item.*: новое семейство, числа числами, незнакомое поле отбора — ошибка."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demo.portal import filters
from demo.portal.call import Call, Handler, Reply
from demo.portal.entities import Edit
from demo.portal.errors import RestError, access_denied, not_found
from demo.portal.php import php_list, php_map, php_str
from demo.portal.render import item_fields, universal_item
from demo.portal.schema import BASE_FIELDS, CONTACT, Field
from demo.portal.state import Row

_EXTRA = {"contactIds": "CONTACT_IDS", "fm": "FM"}


def add(call: Call) -> Row:
    """Создаёт элемент и возвращает его целиком."""
    type_id = _type(call)
    row = call.crm.add(type_id, _edit(call, type_id))
    return {"item": _shown(call, type_id, row)}


def get(call: Call) -> Row:
    """Возвращает элемент."""
    type_id = _type(call)
    return {"item": _shown(call, type_id, _existing(call, type_id))}


def update(call: Call) -> Row:
    """Меняет элемент и возвращает его целиком."""
    type_id = _type(call)
    row = call.crm.update(type_id, _existing(call, type_id), _edit(call, type_id))
    return {"item": _shown(call, type_id, row)}


def delete(call: Call) -> list[Any]:
    """Удаляет элемент."""
    type_id = _type(call)
    call.state.remove(type_id, _existing(call, type_id)["ID"])
    return []


def listed(call: Call) -> Reply:
    """Возвращает страницу списка."""
    type_id = _type(call)
    group = filters.parse_filter(call.param("filter"), _resolver(call, type_id, "filter"), call.codec)
    found = [row for row in filters.candidates(call.state, type_id, group) if filters.matches(row, group)]
    ordered = filters.ordered(found, call.param("order"), _resolver(call, type_id, "order"))
    page = filters.paged(ordered, call.param("start"))
    wanted = _wanted(call, type_id)
    rows = [_narrowed(_shown(call, type_id, row), wanted) for row in page.rows]
    return Reply({"items": rows}, page.total, page.next)


def described(call: Call) -> Row:
    """Возвращает описание полей."""
    type_id = _type(call)
    fields = item_fields(call.state, type_id, _original(call))
    return {"fields": {name: _description(name, field) for name, field in fields.items()}}


def _type(call: Call) -> int:
    type_id = call.number("entityTypeId")
    if type_id not in BASE_FIELDS:
        raise not_found("Смарт-процесс не найден")
    return type_id


def _existing(call: Call, type_id: int) -> Row:
    row = call.state.find(type_id, call.number())
    if row is None:
        raise not_found()
    if call.state.is_denied(call.identity.user_id, type_id, row["ID"]):
        raise access_denied("У вас недостаточно прав для просмотра этого элемента")
    return row


def _original(call: Call) -> bool:
    return php_str(call.param("useOriginalUfNames")).upper() == "Y"


def _edit(call: Call, type_id: int) -> Edit:
    """Переводит имена полей; незнакомые (и UF_ без useOriginalUfNames) пропадают молча."""
    names = {
        name: field.name for name, field in item_fields(call.state, type_id, _original(call)).items()
    } | _EXTRA
    raw = php_map(call.param("fields"))
    fields = {names[name]: value for name, value in raw.items() if name in names}
    return Edit(fields, call.identity.user_id, is_legacy=False)


def _shown(call: Call, type_id: int, row: Row) -> Row:
    return universal_item(call.state, call.codec, type_id, row, _original(call))


def _resolver(call: Call, type_id: int, clause: str) -> Callable[[str], Field]:
    fields = item_fields(call.state, type_id, _original(call))
    if type_id != CONTACT:
        fields["contactIds"] = fields["contactId"]

    def resolve(name: str) -> Field:
        if name not in fields:
            raise _bad_argument(clause, name)
        return fields[name]

    return resolve


def _wanted(call: Call, type_id: int) -> set[str] | None:
    """Возвращает выбранные имена; None — все."""
    names = [php_str(name) for name in php_list(call.param("select"))]
    if not names or "*" in names:
        return None
    known = {*item_fields(call.state, type_id, _original(call)), "contactIds", "uf_*", "UF_*"}
    for name in names:
        if name not in known:
            raise _bad_argument("select", name)
    return set(names)


def _narrowed(item: Row, wanted: set[str] | None) -> Row:
    if wanted is None:
        return item
    every_uf = bool(wanted & {"uf_*", "UF_*"})
    return {
        name: value
        for name, value in item.items()
        if name in wanted or (every_uf and name.lower().startswith(("ufcrm", "uf_crm")))
    }


def _bad_argument(clause: str, name: str) -> RestError:
    text = f"Invalid {clause}: field '{name}' is not allowed in {clause}"
    return RestError(400, "INVALID_ARG_VALUE", text)


def _description(name: str, field: Field) -> Row:
    return {
        "type": field.kind,
        "isRequired": False,
        "isReadOnly": field.read_only,
        "isImmutable": False,
        "isMultiple": field.multiple,
        "isDynamic": field.name.startswith("UF_"),
        "title": field.title,
        "upperName": field.name,
    }


METHODS: dict[str, Handler] = {
    "crm.item.add": add,
    "crm.item.get": get,
    "crm.item.update": update,
    "crm.item.delete": delete,
    "crm.item.list": listed,
    "crm.item.fields": described,
}
