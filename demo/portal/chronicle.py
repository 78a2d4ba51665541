"""История стадий и лента: что и когда сделано с сущностью."""

from __future__ import annotations

from typing import Any

from demo.portal.schema import LEAD, STAGE_FIELD
from demo.portal.state import PortalState, Row

_SILENT = {"ID", "DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "DATE_CLOSED", "CLOSED", "STAGE_SEMANTIC_ID"}
_SILENT |= {"STATUS_SEMANTIC_ID", "MODIFY_BY_ID", "MOVED_BY_ID", "CREATED_BY_ID", "CONTACT_ID"}
_SILENT |= {"HAS_PHONE", "HAS_EMAIL", "OPENED", "ASSIGNED_BY_ID"}


def created(state: PortalState, type_id: int, row: Row, now: str, author: int) -> None:
    """Пишет о создании."""
    state.remember(type_id, row["ID"], _event("created", now, author, _changes(state, type_id, {}, row)))
    if type_id in STAGE_FIELD:
        _stage_entered(state, type_id, None, row, now, author)


def updated(state: PortalState, type_id: int, old: Row, row: Row, now: str, author: int) -> None:
    """Пишет об изменении; правка без изменений следа не оставляет."""
    changes = _changes(state, type_id, old, row)
    if changes:
        state.remember(type_id, row["ID"], _event("updated", now, author, changes))
    name = STAGE_FIELD.get(type_id)
    if name and old[name] != row[name]:
        _stage_entered(state, type_id, old[name], row, now, author)


def commented(state: PortalState, type_id: int, entity_id: int, text: str, now: str, author: int) -> int:
    """Пишет комментарий в ленту и возвращает его номер."""
    state.remember(type_id, entity_id, _event("comment", now, author, []) | {"text": text})
    return state.counters["timeline"]


def _event(kind: str, now: str, author: int, changes: list[Row]) -> Row:
    return {"kind": kind, "at": now, "by": author, "changes": changes}


def _stage_entered(
    state: PortalState, type_id: int, before: str | None, row: Row, now: str, author: int
) -> None:
    state.history.append(
        {
            "ID": state.next_id("history"),
            "ENTITY_TYPE_ID": type_id,
            "OWNER_ID": row["ID"],
            "FROM_STAGE_ID": before,
            "STAGE_ID": row[STAGE_FIELD[type_id]],
            "CATEGORY_ID": 0 if type_id == LEAD else row["CATEGORY_ID"],
            "CREATED_TIME": now,
            "AUTHOR_ID": author,
        }
    )


def _changes(state: PortalState, type_id: int, old: Row, new: Row) -> list[Row]:
    fields = state.fields(type_id)
    labels = {"FM": "Телефоны и почта", "CONTACTS": "Контакты"}
    labels |= {name: field.title for name, field in fields.items() if name not in _SILENT}
    return [
        {"field": name, "label": label, "old": _brief(old.get(name)), "new": _brief(new.get(name))}
        for name, label in labels.items()
        if _brief(old.get(name)) != _brief(new.get(name))
    ]


def _brief(value: Any) -> Any:
    if isinstance(value, list):
        return [
            item.get("VALUE") or item.get("CONTACT_ID") if isinstance(item, dict) else item for item in value
        ]
    return value
