"""Отбор, порядок, страницы списков."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.portal.php import php_int, php_list, php_map, php_str
from demo.portal.schema import Field
from demo.portal.state import PortalState, Row, is_indexed
from demo.portal.values import DROP, ValueCodec

PAGE = 50
_KEY = re.compile(r"^(!=%|!%|!=|!@|>=|<=|=%|%=|!|=|>|<|@|%)?(.+)$", re.DOTALL)

Resolve = Callable[[str], Field | None]
"""Находит поле по имени в запросе; None — условие пропустить (портал так и делает в старых списках)."""


@dataclass(frozen=True)
class Condition:
    """Одно условие отбора."""

    field: Field
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Group:
    """Условия, связанные И либо ИЛИ."""

    parts: tuple[Condition | Group, ...]
    any_of: bool = False


def parse_filter(raw: Any, resolve: Resolve, codec: ValueCodec) -> Group:
    """Разбирает отбор; вложенные группы с logic понимает как crm.item.list."""
    parts: list[Condition | Group] = []
    tree = php_map(raw)
    for key, value in tree.items():
        if key.isdigit() and isinstance(value, dict):
            parts.append(parse_filter(value, resolve, codec))
        elif key.upper() != "LOGIC":
            condition = _condition(key, value, resolve, codec)
            parts += [condition] if condition else []
    return Group(tuple(parts), php_str(tree.get("logic") or tree.get("LOGIC")).upper() == "OR")


def _condition(key: str, raw: Any, resolve: Resolve, codec: ValueCodec) -> Condition | None:
    operator, name = _split(key)
    field = resolve(name)
    if field is None:
        return None
    if isinstance(raw, (dict, list)):
        operator = {"": "@", "=": "@", "!": "!@", "!=": "!@"}.get(operator, operator)
    values = tuple(_comparable(field, operator, item, codec) for item in php_list(raw) or [None])
    return Condition(field, operator or "=", values)


def _split(key: str) -> tuple[str, str]:
    match = _KEY.match(key)
    return (match.group(1) or "", match.group(2)) if match else ("", key)


def _comparable(field: Field, operator: str, raw: Any, codec: ValueCodec) -> Any:
    if "%" in operator or field.kind == "multifield":
        return php_str(raw)
    value = codec.stored(field.kind, raw)
    return None if value is DROP else value


def candidates(state: PortalState, type_id: int, group: Group) -> list[Row]:
    """Возвращает строки, среди которых есть смысл искать: по указателю, если условие это позволяет."""
    rows = state.entities[type_id]
    for part in group.parts if not group.any_of else ():
        ids = _exact_ids(state, type_id, part)
        if ids is not None:
            return [rows[number] for number in sorted(ids) if number in rows]
    return list(rows.values())


def _exact_ids(state: PortalState, type_id: int, part: Condition | Group) -> set[int] | None:
    if isinstance(part, Group) or part.operator not in ("=", "@"):
        return None
    if part.field.name == "ID":
        return {php_int(value) for value in part.values}
    if is_indexed(part.field.name) and all(isinstance(value, str) for value in part.values):
        return state.with_value(type_id, part.field.name, list(part.values))
    return None


def matches(row: Row, group: Group) -> bool:
    """Отвечает, проходит ли строка отбор."""
    verdicts = [_passes(row, part) for part in group.parts]
    return any(verdicts) if group.any_of and verdicts else all(verdicts)


def _passes(row: Row, part: Condition | Group) -> bool:
    if isinstance(part, Group):
        return matches(row, part)
    actual = values_of(row, part.field)
    negative = part.operator.startswith("!")
    operator = part.operator.lstrip("!") or "="
    return any(_holds(operator, value, wanted) for value in actual for wanted in part.values) is not negative


def values_of(row: Row, field: Field) -> list[Any]:
    """Возвращает значения поля для сравнения: контакты сделки и телефоны — все."""
    if field.kind == "multifield":
        return [item["VALUE"] for item in row.get("FM", ()) if item["TYPE_ID"] == field.name]
    if field.name == "CONTACT_ID" and row.get("CONTACTS"):
        return [item["CONTACT_ID"] for item in row["CONTACTS"]]
    value = row.get(field.name)
    return value or [None] if isinstance(value, list) else [value]


def _holds(operator: str, actual: Any, wanted: Any) -> bool:
    if operator in ("=", "@"):
        return bool(_folded(actual) == _folded(wanted))
    if operator in ("%", "=%", "%="):
        return _like(php_str(actual).casefold(), php_str(wanted).casefold(), operator == "%")
    if actual is None or wanted is None:
        return False
    try:
        return _compared(operator, actual, wanted)
    except TypeError:
        return False


def _compared(operator: str, actual: Any, wanted: Any) -> bool:
    match operator:
        case ">":
            return bool(actual > wanted)
        case ">=":
            return bool(actual >= wanted)
        case "<":
            return bool(actual < wanted)
    return bool(actual <= wanted)


def _folded(value: Any) -> Any:
    """Сравнение строк без регистра, как в базе портала; пустое равно отсутствующему, ноль — нет."""
    if isinstance(value, str):
        return value.casefold() or None
    return value


def _like(text: str, pattern: str, contains: bool) -> bool:
    if contains:
        return pattern in text
    return re.fullmatch(".*".join(map(re.escape, pattern.split("%"))), text, re.DOTALL) is not None


def ordered(rows: list[Row], raw: Any, resolve: Resolve) -> list[Row]:
    """Возвращает строки в заказанном порядке; сам по себе — по номеру."""
    rows = sorted(rows, key=lambda row: row["ID"])
    for name, direction in reversed(php_map(raw).items()):
        field = resolve(name)
        if field is not None:
            _sort_by(rows, field, php_str(direction).upper() == "DESC")
    return rows


def _sort_by(rows: list[Row], field: Field, descending: bool) -> None:
    def weight(row: Row) -> tuple[bool, Any]:
        value = row.get(field.name)
        return value is not None, value if value is not None else 0

    rows.sort(key=weight, reverse=descending)


@dataclass(frozen=True)
class Page:
    """Страница списка; ``total`` и ``next`` отсутствуют, когда счёт выключен (start = -1)."""

    rows: list[Row]
    total: int | None = None
    next: int | None = None


def paged(rows: list[Row], start: Any) -> Page:
    """Отрезает страницу в 50 строк."""
    offset = php_int(start)
    if offset < 0:
        return Page(rows[:PAGE], total=0)
    following = offset + PAGE
    return Page(rows[offset:following], len(rows), following if following < len(rows) else None)
