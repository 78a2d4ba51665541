"""Пользовательские поля UF_CRM_*: правила имён, создание, отбор."""

from __future__ import annotations

import re
from typing import Any

from demo.portal.errors import core
from demo.portal.php import php_map, php_str
from demo.portal.schema import TYPE_NAMES, UF_KINDS
from demo.portal.state import PortalState, Row

NAME_LENGTH = 50
_LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")


def add_userfield(state: PortalState, type_id: int, fields: dict[str, Any]) -> Row:
    """Создаёт пользовательское поле; приставка UF_CRM_ добавляется сама."""
    name = _checked_name(state, type_id, php_str(fields.get("FIELD_NAME")).upper())
    kind = php_str(fields.get("USER_TYPE_ID"))
    if kind not in UF_KINDS:
        raise core(f"Unknown user type: {kind}.")
    row = _described(state.next_id("userfield"), type_id, name, kind, fields)
    state.userfields.append(row)
    state.revision += 1
    return row


def _described(field_id: int, type_id: int, name: str, kind: str, fields: dict[str, Any]) -> Row:
    flags = ("MULTIPLE", "MANDATORY", "SHOW_FILTER", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE")
    common = php_str(fields.get("LABEL"))
    return {
        "ID": field_id,
        "ENTITY_TYPE_ID": type_id,
        "ENTITY_ID": f"CRM_{TYPE_NAMES[type_id]}",
        "FIELD_NAME": name,
        "USER_TYPE_ID": kind,
        "XML_ID": php_str(fields.get("XML_ID")) or None,
        "SORT": php_str(fields.get("SORT")) or "100",
        **{flag: php_str(fields.get(flag)) or "N" for flag in flags},
        "SETTINGS": php_map(fields.get("SETTINGS")),
        **{label: _label(fields.get(label)) or common or None for label in _LABELS},
    }


def _label(raw: Any) -> str:
    """Возвращает подпись: строкой или русскую из словаря языков."""
    return php_str(raw.get("ru") or next(iter(raw.values()), "")) if isinstance(raw, dict) else php_str(raw)


def _checked_name(state: PortalState, type_id: int, raw: str) -> str:
    name = raw if raw.startswith("UF_CRM_") else f"UF_CRM_{raw}"
    if not re.fullmatch(r"UF_CRM_[A-Z0-9_]+", name) or len(name) > NAME_LENGTH:
        raise core("The field name contains invalid characters or is too long.")
    if any(row["FIELD_NAME"] == name and row["ENTITY_TYPE_ID"] == type_id for row in state.userfields):
        raise core(f"The field {name} already exists for this object.")
    return name
