"""Ошибки настроек по-русски: файл, строка, ключ и что ожидается."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.models import Settings
from config.places import header_line, line_of
from config.schema import known_keys

#: Разделы, которых бывает несколько.
REPEATED = ("databases", "branches")
EXPECTED: Mapping[str, str] = {
    "missing": "ключ обязателен: добавьте его",
    "string_type": "ожидается строка в кавычках",
    "string_too_short": "ожидается непустая строка",
    "string_pattern_mismatch": "значение не подходит: ожидается образец {pattern}",
    "int_type": "ожидается целое число",
    "int_parsing": "ожидается целое число",
    "int_from_float": "ожидается целое число",
    "float_type": "ожидается число",
    "float_parsing": "ожидается число",
    "bool_type": "ожидается true или false",
    "bool_parsing": "ожидается true или false",
    "tuple_type": "ожидается список в квадратных скобках",
    "too_short": "ожидается хотя бы одна запись",
    "dict_type": "ожидается раздел",
    "model_type": "ожидается раздел",
    "model_attributes_type": "ожидается раздел",
    "path_type": "ожидается путь в кавычках",
    "enum": "ожидается одно из: {expected}",
    "literal_error": "ожидается одно из: {expected}",
    "greater_than": "ожидается число больше {gt}",
    "greater_than_equal": "ожидается число не меньше {ge}",
    "less_than": "ожидается число меньше {lt}",
    "less_than_equal": "ожидается число не больше {le}",
    "union_tag_invalid": 'ожидается type = "mssql" или type = "sqlite"',
    "time_delta_type": "ожидается длительность в секундах",
    "time_delta_parsing": 'ожидается длительность в секундах или вида "PT2M"',
}


def explain(error: ValidationError, file: Path | None = None, text: str = "") -> str:
    """Пересказывает ошибки проверки: файл, строка, ключ и что ожидается."""
    where = f" ({file})" if file is not None else ""
    items = error.errors(include_url=False, include_input=False)
    told = [_told(item, text) for item in items if not _follows(item, items)]
    return "\n".join([f"Настройки не годятся{where}:", *dict.fromkeys(told)])


def faults(error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """Возвращает места файла, которые не годятся, и чего там ожидают."""
    items = error.errors(include_url=False, include_input=False)
    places = [(_without_tag(item["loc"]), item) for item in items if not _follows(item, items)]
    return [(place, _reason(item, place)) for place, item in places]


def _follows(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bool:
    """Отвечает, лишь следствие ли это: негодная запись списка делает и список неполным."""
    place = item["loc"]
    return item["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other is not item for other in items
    )


def _told(item: Mapping[str, Any], text: str) -> str:
    location = _without_tag(item["loc"])
    reason = _reason(item, location)
    # Правило о нескольких ключах само называет их места.
    known = reason.startswith("[")
    number = header_line(text, reason) if known else line_of(text, location)
    key = "" if known else key_of(location)
    place = ", ".join(part for part in (f"строка {number}" if number else "", key) if part)
    return f"  {place}: {reason}" if place else f"  {reason}"


def _without_tag(location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Убирает из пути имя вида базы: в файле такого раздела нет."""
    tagged = len(location) > 2 and location[0] == "databases" and location[2] in ("mssql", "sqlite")
    path = (*location[:2], *location[3:]) if tagged else tuple(location)
    return tuple(part for part in path if part != "[key]")


def key_of(location: Sequence[str | int]) -> str:
    """Возвращает ключ, как его видно в файле: [portal] category_id, [[branches]] № 2 number."""
    if not location:
        return "файл"
    if len(location) == 1:
        return f"раздел [{location[0]}]"
    *section, last = location
    if isinstance(last, int):
        return f"[[{section[0]}]] № {last + 1}" if len(section) == 1 else f"{key_of(section)} № {last + 1}"
    if section and isinstance(section[-1], int):
        return f"[[{'.'.join(map(str, section[:-1]))}]] № {section[-1] + 1} {last}"
    return f"[{'.'.join(map(str, section))}] {last}" if section else str(last)


def _reason(item: Mapping[str, Any], location: Sequence[str | int]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return _stranger(location)
    if kind == "missing" and len(location) == 1:
        name = f"[[{location[0]}]]" if location[0] in REPEATED else f"[{location[0]}]"
        return f"он обязателен: добавьте {name}, образец — config/settings.example.toml"
    if kind == "tuple_type" and len(location) == 1 and location[0] in REPEATED:
        return f"пишут [[{location[0]}]], в двойных скобках: таких разделов бывает несколько"
    template = EXPECTED.get(kind, "значение не подходит")
    values = {name: _russian(value) for name, value in context.items()}
    return template.format_map({"expected": "", "pattern": "", **values})


def _russian(value: object) -> str:
    return str(value).replace("'", '"').replace(" or ", " или ").replace(" seconds", " с")


def _stranger(location: Sequence[str | int]) -> str:
    known = known_keys(location[:-1], Settings)
    close = get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
    hint = f", возможно, имелось в виду {close[0]}" if close else ""
    absent = "такого раздела нет" if len(location) == 1 else "такого ключа нет"
    return f"{absent}: проверьте написание{hint}"
