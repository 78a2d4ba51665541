"""Связи сделки и лида с контактами."""

from __future__ import annotations

from typing import Any

from demo.portal.php import php_int, php_list, php_map, php_str
from demo.portal.schema import CONTACT
from demo.portal.state import PortalState, Row


def replaced(state: PortalState, raw_ids: Any) -> list[Row]:
    """Возвращает набор связей вместо прежнего; несуществующие контакты молча пропадают."""
    numbers = dict.fromkeys(php_int(item) for item in php_list(raw_ids))
    return renumbered([{"CONTACT_ID": n} for n in numbers if state.find(CONTACT, n) is not None])


def from_items(state: PortalState, raw_items: Any) -> list[Row]:
    """Возвращает связи из crm.deal.contact.items.set."""
    rows = [_binding(php_map(item)) for item in php_list(raw_items)]
    known = [row for row in rows if state.find(CONTACT, row["CONTACT_ID"]) is not None]
    return renumbered(sorted(known, key=lambda row: row["SORT"]))


def with_added(bindings: list[Row], item: dict[str, Any]) -> list[Row]:
    """Возвращает связи вместе с ещё одной; главная связь вытесняет прежнюю главную."""
    added = _binding(item)
    kept = [{**row, "IS_PRIMARY": "N"} if added["IS_PRIMARY"] == "Y" else row for row in bindings]
    return renumbered([*kept, {**added, "SORT": added["SORT"] or (len(kept) + 1) * 10}])


def renumbered(rows: list[Row]) -> list[Row]:
    """Дописывает порядок и главного: им становится первый, если никто не назван."""
    chosen = next((i for i, row in enumerate(rows) if row.get("IS_PRIMARY") == "Y"), 0)
    return [
        {
            "CONTACT_ID": row["CONTACT_ID"],
            "SORT": row.get("SORT") or (index + 1) * 10,
            "ROLE_ID": 0,
            "IS_PRIMARY": "Y" if index == chosen else "N",
        }
        for index, row in enumerate(rows)
    ]


def primary(rows: list[Row]) -> int | None:
    """Возвращает номер главного контакта."""
    return next((row["CONTACT_ID"] for row in rows if row["IS_PRIMARY"] == "Y"), None)


def _binding(item: dict[str, Any]) -> Row:
    return {
        "CONTACT_ID": php_int(item.get("CONTACT_ID")),
        "SORT": php_int(item.get("SORT")),
        "IS_PRIMARY": "Y" if php_str(item.get("IS_PRIMARY")).upper() == "Y" else "N",
    }
