"""Отбор и порядок строк справочников."""

from __future__ import annotations

from functools import partial
from typing import Any

from demo.portal.php import php_list, php_map, php_str
from demo.portal.state import Row


def picked(rows: list[Row], raw_filter: Any, raw_order: Any) -> list[Row]:
    """Возвращает строки, равные отбору, в заказанном порядке; незнакомые имена пропускает."""
    found = [
        row for row in rows if all(_fits(row, name, value) for name, value in php_map(raw_filter).items())
    ]
    for name, direction in reversed(php_map(raw_order).items()):
        if found and name in found[0]:
            descending = php_str(direction).upper() == "DESC"
            found = sorted(found, key=partial(_weight, name), reverse=descending)
    return found


def _fits(row: Row, name: str, value: Any) -> bool:
    key = name.lstrip("=@!")
    if key not in row:
        return True
    equal = php_str(row[key]) in [php_str(item) for item in php_list(value)]
    return equal is not name.startswith("!")


def _weight(name: str, row: Row) -> tuple[int, str]:
    text = php_str(row[name])
    return (int(text), "") if text.isdigit() else (0, text)
