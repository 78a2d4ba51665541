"""Телефоны и почта: множественные поля контактов и лидов."""

from __future__ import annotations

import re
from typing import Any

from demo.portal.errors import core
from demo.portal.php import php_int, php_list, php_map, php_str
from demo.portal.schema import MULTIFIELDS
from demo.portal.state import PortalState, Row


def requested(incoming: dict[str, Any]) -> list[Row]:
    """Собирает правки множественных полей из обоих видов записи: PHONE=[{VALUE…}] и fm=[{typeId…}]."""
    edits = [_legacy(kind, item) for kind in MULTIFIELDS for item in php_list(incoming.get(kind))]
    edits += [_universal(item) for item in php_list(incoming.get("FM"))]
    return [edit for edit in edits if edit["TYPE_ID"] in MULTIFIELDS]


def _legacy(kind: str, item: Any) -> Row:
    fields = php_map(item)
    return {
        "TYPE_ID": kind,
        "ID": php_int(fields.get("ID")),
        "VALUE_TYPE": php_str(fields.get("VALUE_TYPE")) or "WORK",
        "VALUE": php_str(fields.get("VALUE")).strip(),
        "DELETE": php_str(fields.get("DELETE")).upper() == "Y",
    }


def _universal(item: Any) -> Row:
    fields = php_map(item)
    edit = _legacy(php_str(fields.get("typeId")).upper(), {})
    edit |= {"ID": php_int(fields.get("id")), "VALUE": php_str(fields.get("value")).strip()}
    return edit | {"VALUE_TYPE": php_str(fields.get("valueType")) or "WORK"}


def applied(state: PortalState, current: list[Row], edits: list[Row]) -> list[Row]:
    """Возвращает новый набор: без ID значение ДОБАВЛЯЕТСЯ, с ID — меняется, с DELETE — уходит."""
    items = {item["ID"]: dict(item) for item in current}
    for edit in edits:
        if edit["ID"] in items and (edit["DELETE"] or not edit["VALUE"]):
            del items[edit["ID"]]
        elif edit["VALUE"] and not edit["DELETE"]:
            _check(edit)
            number = edit["ID"] if edit["ID"] in items else state.next_id("multifield")
            items[number] = {"ID": number, **{key: edit[key] for key in ("TYPE_ID", "VALUE_TYPE", "VALUE")}}
    return list(items.values())


def _check(edit: Row) -> None:
    if edit["TYPE_ID"] == "EMAIL" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", edit["VALUE"]):
        raise core(f"Некорректный e-mail: {edit['VALUE']}")
