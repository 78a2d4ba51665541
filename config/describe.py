"""Описание настроек по их моделям: раздел, ключ, вид, умолчание, смысл — для docs/configuration.md.

Смысл берётся из примечаний ``#:`` над полем в config/models.py: работающая программа их не читает.
"""

import ast
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config import models
from config.models import Section, Settings

MARK = "#:"
WHEN = " Менять: "

KINDS: dict[object, str] = {
    str: "строка",
    int: "целое",
    float: "число",
    bool: "true или false",
    Path: "путь",
    SecretStr: "секрет",
    timedelta: "длительность, с",
}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """Настройка: ключ, вид, умолчание, что значит и когда менять."""

    key: str
    kind: str
    default: str
    meaning: str
    when: str


@dataclass(frozen=True, slots=True)
class SectionTable:
    """Раздел файла настроек: заголовок TOML, назначение, строки."""

    header: str
    purpose: str
    rows: Sequence[SettingRow]


def describe() -> list[SectionTable]:
    """Возвращает разделы в порядке файла, вложенные — за своим; поле без примечания — ValueError."""
    notes = field_notes(Path(models.__file__).read_text(encoding="utf-8"))
    return [
        SectionTable(header, _purpose(model), [_row(model, name, notes) for name in _plain(model)])
        for header, model in _sections(Settings, "")
    ]


def field_notes(source: str) -> dict[tuple[str, str], str]:
    """Возвращает примечания ``#:`` над полями классов: (класс, поле) → текст."""
    lines = source.splitlines()
    return {
        (node.name, item.target.id): _above(lines, item.lineno - 1)
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _above(lines: Sequence[str], line: int) -> str:
    found: list[str] = []
    while line and (text := lines[line - 1].strip()).startswith(MARK):
        found.insert(0, text.removeprefix(MARK).strip())
        line -= 1
    return " ".join(found)


def _sections(owner: type[Section], path: str) -> Iterator[tuple[str, type[Section]]]:
    """Находит разделы модели; повторяющийся пишется в двойных скобках, виды базы — каждый свой."""
    for name, field in owner.model_fields.items():
        repeated = get_origin(field.annotation) is tuple
        for model in _models_of(field.annotation):
            kind = model.model_fields.get("type")
            chosen = f' с type = "{get_args(kind.annotation)[0]}"' if kind else ""
            yield (f"[[{path}{name}]]" if repeated else f"[{path}{name}]") + chosen, model
            yield from _sections(model, f"{path}{name}.")


def _models_of(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_of(inner)


def _plain(model: type[Section]) -> list[str]:
    """Возвращает поля раздела, которые сами не разделы."""
    return [name for name, field in model.model_fields.items() if not [*_models_of(field.annotation)]]


def _purpose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n")[0].strip()


def _row(model: type[Section], name: str, notes: dict[tuple[str, str], str]) -> SettingRow:
    note, field = notes.get((model.__name__, name), ""), model.model_fields[name]
    meaning, found, when = note.partition(WHEN)
    if not found:
        raise ValueError(f"config/models.py: над {model.__name__}.{name} нужно «#: смысл. Менять: когда.»")
    return SettingRow(name, _kind(field), _default(field), meaning, when)


def _kind(field: FieldInfo) -> str:
    limits = _limits(field.metadata)
    return _name(field.annotation) + (f", {limits}" if limits else "")


def _name(annotation: Any) -> str:
    """Называет вид значения по-русски."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " или ".join(f"`{value}`" for value in inner)
    if origin in (Union, types.UnionType):
        return _name(next(item for item in inner if item is not type(None)))
    if origin in (tuple, list, set, frozenset):
        return f"список: {_name(inner[0])}"
    if origin is dict:
        return "подраздел"
    return KINDS.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _limits(metadata: Sequence[object]) -> str:
    """Возвращает пределы значения: знаки сравнения и числа."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [(sign, getattr(item, name, None)) for item in metadata for name, sign in signs.items()]
    return ", ".join(f"{sign} {value:g}" for sign, value in found if value is not None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "обязателен"
    value = field.get_default(call_default_factory=True)
    return _written(value)


def _written(value: object) -> str:
    """Пишет умолчание так, как его пишут в TOML; секрет открыт: умолчание не тайна."""
    if value is None or value in ((), {}):
        return "—"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds():.10g}`"
    if isinstance(value, SecretStr):
        return f'`"{value.get_secret_value()}"`'
    if isinstance(value, (str, Path)):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value}`"
