"""Вид сущностей в ответах: строки у crm.deal.*, числа у crm.item.*."""

from __future__ import annotations

from typing import Any

from demo.portal.php import php_list, php_str
from demo.portal.schema import CONTACT, DEAL, LEAD, MULTIFIELDS, Field, camel
from demo.portal.state import PortalState, Row
from demo.portal.values import ValueCodec

_ALIASES = ("MOBILE", "WORK", "HOME", "MAILING")


def legacy_item(state: PortalState, codec: ValueCodec, type_id: int, row: Row) -> Row:
    """Возвращает ответ crm.deal.get, crm.lead.get, crm.contact.get."""
    fields = state.fields(type_id)
    shown = {
        name: codec.legacy(field.kind, row.get(name))
        for name, field in fields.items()
        if _shown(type_id, name)
    }
    kinds = {item["TYPE_ID"] for item in row["FM"]}
    return shown | {kind: _multifield(row, kind) for kind in MULTIFIELDS if kind in kinds}


def legacy_row(state: PortalState, codec: ValueCodec, type_id: int, row: Row, select: Any) -> Row:
    """Возвращает строку crm.deal.list: UF и телефоны — только по просьбе."""
    wanted = [php_str(name) for name in php_list(select)] or ["*"]
    names = [name for name in state.fields(type_id) if _selected(type_id, name, wanted)]
    fields = state.fields(type_id)
    shown = {name: codec.legacy(fields[name].kind, row.get(name)) for name in names}
    return shown | {kind: _multifield(row, kind) for kind in MULTIFIELDS if kind in wanted and row["FM"]}


def _shown(type_id: int, name: str) -> bool:
    """Название есть у сделки и лида; контакту портал его не придумывает."""
    return type_id != CONTACT or name != "TITLE"


def _selected(type_id: int, name: str, wanted: list[str]) -> bool:
    return name in wanted or ("UF_*" in wanted if name.startswith("UF_") else "*" in wanted)


def _multifield(row: Row, kind: str) -> list[Row]:
    return [
        {"ID": str(item["ID"]), "VALUE_TYPE": item["VALUE_TYPE"], "VALUE": item["VALUE"], "TYPE_ID": kind}
        for item in row["FM"]
        if item["TYPE_ID"] == kind
    ]


def item_fields(state: PortalState, type_id: int, original: bool) -> dict[str, Field]:
    """Возвращает поля под именами crm.item.*; original — имена UF как есть."""
    return {
        name if original and name.startswith("UF_") else field.item_name: field
        for name, field in state.fields(type_id).items()
    }


def universal_item(
    state: PortalState, codec: ValueCodec, type_id: int, row: Row, original: bool, with_comms: bool = True
) -> Row:
    """Возвращает ответ crm.item.get."""
    fields = item_fields(state, type_id, original)
    shown = {name: codec.universal(field.kind, row.get(field.name)) for name, field in fields.items()}
    for name in ("companyId", "contactId", "leadId"):
        if name in shown:
            shown[name] = shown[name] or (None if name == "leadId" else 0)
    if type_id != CONTACT:
        shown["contactIds"] = [item["CONTACT_ID"] for item in row["CONTACTS"]]
    if type_id != DEAL and with_comms:
        shown |= _comms(row)
    return shown | {"entityTypeId": type_id}


def _comms(row: Row) -> Row:
    shown: Row = {}
    for kind in ("PHONE", "EMAIL"):
        items = [item for item in row["FM"] if item["TYPE_ID"] == kind]
        shown[kind.lower()] = items[0]["VALUE"] if items else ""
        for alias in _ALIASES:
            found = (item["VALUE"] for item in items if item["VALUE_TYPE"] == alias)
            shown[camel(f"{kind}_{alias}")] = next(found, "")
    shown["fm"] = [
        {"id": item["ID"], "valueType": item["VALUE_TYPE"], "value": item["VALUE"], "typeId": item["TYPE_ID"]}
        for item in row["FM"]
    ]
    return shown


def person_name(row: Row) -> str:
    """Возвращает фамилию, имя и отчество через пробел."""
    return " ".join(row[name] for name in ("LAST_NAME", "NAME", "SECOND_NAME") if row.get(name))


KNOWN_TYPES = (LEAD, DEAL, CONTACT)
