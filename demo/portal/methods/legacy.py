"""Методы crm.deal.*, crm.lead.*, crm.contact.*: старое семейство."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from demo.portal import filters
from demo.portal.call import Call, Handler, Reply
from demo.portal.entities import Edit
from demo.portal.errors import access_denied, legacy
from demo.portal.render import legacy_item, legacy_row
from demo.portal.schema import CONTACT, DEAL, LEAD, MULTIFIELDS, TYPE_NAMES, Field
from demo.portal.state import Row

_UNFILTERABLE = {"CONTACT_IDS"}


def add(type_id: int, call: Call) -> int:
    """Создаёт сущность и возвращает номер."""
    fields = call.fields()
    if fields is None:
        raise legacy("Parameter 'fields' must be array.")
    row = call.crm.add(type_id, Edit(fields, call.identity.user_id))
    return int(row["ID"])


def get(type_id: int, call: Call) -> Row:
    """Возвращает сущность строками."""
    return legacy_item(call.state, call.codec, type_id, existing(type_id, call))


def update(type_id: int, call: Call) -> bool:
    """Меняет сущность."""
    row = existing(type_id, call)
    fields = call.fields()
    if fields is None:
        raise legacy("Parameter 'fields' must be array.")
    call.crm.update(type_id, row, Edit(fields, call.identity.user_id))
    return True


def delete(type_id: int, call: Call) -> bool:
    """Удаляет сущность."""
    return call.state.remove(type_id, existing(type_id, call)["ID"])


def listed(type_id: int, call: Call) -> Reply:
    """Возвращает страницу списка; незнакомые поля отбора молча пропускает — и отдаёт ВСЁ."""
    resolve = _resolver(type_id, call)
    group = filters.parse_filter(call.param("filter"), resolve, call.codec)
    found = [row for row in filters.candidates(call.state, type_id, group) if filters.matches(row, group)]
    found = [row for row in found if not _hidden(type_id, call, row)]
    page = filters.paged(filters.ordered(found, call.param("order"), resolve), call.param("start"))
    select = call.param("select")
    rows = [legacy_row(call.state, call.codec, type_id, row, select) for row in page.rows]
    return Reply(rows, page.total, page.next)


def existing(type_id: int, call: Call, name: str = "id") -> Row:
    """Возвращает доступную сущность с номером из параметра или отказывает."""
    number = call.number(name)
    if number <= 0:
        raise legacy("ID is not defined or invalid.")
    row = call.state.find(type_id, number)
    if row is None:
        raise legacy("Not found")
    if _hidden(type_id, call, row):
        raise access_denied("Access denied.", status=403) if call.identity.token else legacy("Access denied.")
    return row


def _hidden(type_id: int, call: Call, row: Row) -> bool:
    return call.state.is_denied(call.identity.user_id, type_id, row["ID"])


def _resolver(type_id: int, call: Call) -> Callable[[str], Field | None]:
    fields = call.state.fields(type_id)
    multi = {name: Field(name, "multifield", name) for name in MULTIFIELDS} if type_id != DEAL else {}
    return lambda name: None if name in _UNFILTERABLE else fields.get(name) or multi.get(name)


def _family(type_id: int) -> dict[str, Handler]:
    verbs: dict[str, Callable[[int, Call], Any]] = {
        "add": add,
        "get": get,
        "update": update,
        "delete": delete,
        "list": listed,
    }
    return {f"crm.{TYPE_NAMES[type_id].lower()}.{verb}": partial(run, type_id) for verb, run in verbs.items()}


METHODS: dict[str, Handler] = {**_family(DEAL), **_family(LEAD), **_family(CONTACT)}
