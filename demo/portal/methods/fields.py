"""Методы описания полей: crm.<сущность>.fields и crm.<сущность>.userfield.*."""

from __future__ import annotations

from functools import partial

from demo.portal.call import Call, Handler, Reply
from demo.portal.errors import core, legacy
from demo.portal.methods.rows import picked
from demo.portal.schema import CONTACT, DEAL, LEAD, MULTIFIELDS, TYPE_NAMES, Field
from demo.portal.state import Row
from demo.portal.userfields import add_userfield

_OWN_MULTI = {LEAD, CONTACT}


def described(type_id: int, call: Call) -> Row:
    """Возвращает описание полей под старыми именами."""
    shown = {name: _description(field) for name, field in call.state.fields(type_id).items()}
    if type_id in _OWN_MULTI:
        shown |= {
            kind: _description(Field(kind, "crm_multifield", kind, multiple=True)) for kind in MULTIFIELDS
        }
    return shown


def userfield_list(type_id: int, call: Call) -> Reply:
    """Возвращает пользовательские поля; числа строками."""
    rows = [row for row in call.state.userfields if row["ENTITY_TYPE_ID"] == type_id]
    found = picked(rows, call.param("filter"), call.param("order"))
    return Reply([_userfield(row) for row in found], total=len(found))


def userfield_get(type_id: int, call: Call) -> Row:
    """Возвращает пользовательское поле."""
    return _userfield(_existing(type_id, call))


def userfield_add(type_id: int, call: Call) -> int:
    """Создаёт пользовательское поле; нужен администратор CRM."""
    _require_admin(call)
    fields = call.fields()
    if fields is None:
        raise legacy("Parameter 'fields' must be array.")
    return int(add_userfield(call.state, type_id, fields)["ID"])


def userfield_delete(type_id: int, call: Call) -> bool:
    """Удаляет пользовательское поле."""
    _require_admin(call)
    call.state.userfields.remove(_existing(type_id, call))
    return True


def _existing(type_id: int, call: Call) -> Row:
    rows = (row for row in call.state.userfields if row["ENTITY_TYPE_ID"] == type_id)
    found = next((row for row in rows if row["ID"] == call.number()), None)
    if found is None:
        raise core("The entity with ID is not found.")
    return found


def _require_admin(call: Call) -> None:
    user = call.state.user(call.identity.user_id)
    if user is None or not user["ADMIN"]:
        raise legacy("Access denied.")


def _userfield(row: Row) -> Row:
    return {
        key: str(value) if key == "ID" else (value or [] if key == "SETTINGS" else value)
        for key, value in row.items()
        if key != "ENTITY_TYPE_ID"
    }


def _description(field: Field) -> Row:
    own = field.name.startswith("UF_")
    return {
        "type": field.kind,
        "isRequired": False,
        "isReadOnly": field.read_only or field.legacy_read_only,
        "isImmutable": field.immutable,
        "isMultiple": field.multiple,
        "isDynamic": own,
        "title": field.name if own else field.title,
        **({"listLabel": field.title, "formLabel": field.title, "filterLabel": field.title} if own else {}),
    }


def _family(type_id: int) -> dict[str, Handler]:
    name = f"crm.{TYPE_NAMES[type_id].lower()}"
    return {
        f"{name}.fields": partial(described, type_id),
        f"{name}.userfield.list": partial(userfield_list, type_id),
        f"{name}.userfield.get": partial(userfield_get, type_id),
        f"{name}.userfield.add": partial(userfield_add, type_id),
        f"{name}.userfield.delete": partial(userfield_delete, type_id),
    }


METHODS: dict[str, Handler] = {**_family(DEAL), **_family(LEAD), **_family(CONTACT)}
