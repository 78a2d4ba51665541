"""Описание настроек: вид, пределы и умолчание — из моделей, смысл — из docs/settings.toml."""

import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config.models import Section, Settings

MEANINGS = Path(__file__).resolve().parents[2] / "docs" / "settings.toml"

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


def describe(meanings: Path = MEANINGS) -> list[SectionTable]:
    """Возвращает разделы в порядке файла, вложенные — за своим; настройка без смысла — ValueError."""
    with meanings.open("rb") as file:
        texts = tomllib.load(file)
    sections = [*_sections(Settings, "")]
    _refuse_gaps({path: _plain(model) for path, _, model in sections}, texts)
    return [
        SectionTable(header, _purpose(model), [_row(model, name, _within(texts, path)) for name in names])
        for path, header, model in sections
        if (names := _plain(model))
    ]


def _within(texts: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Возвращает строки раздела, к которому ведёт путь с точками."""
    node: Any = texts
    for part in path.split("."):
        node = node.get(part, {})
    return {name: text for name, text in node.items() if isinstance(text, list)}


def _refuse_gaps(known: Mapping[str, Sequence[str]], texts: Mapping[str, Any]) -> None:
    """Называет все настройки без смысла и все строки без настройки."""
    wanted = {f"{path}.{name}" for path, names in known.items() for name in names}
    written = set(_written_names(texts, ""))
    if wanted - written:
        raise ValueError(f"docs/settings.toml: нет строк о настройках {', '.join(sorted(wanted - written))}")
    if written - wanted:
        raise ValueError(f"docs/settings.toml: лишние строки {', '.join(sorted(written - wanted))}")


def _written_names(texts: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, node in texts.items():
        if isinstance(node, dict):
            yield from _written_names(node, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _sections(owner: type[Section], prefix: str) -> Iterator[tuple[str, str, type[Section]]]:
    """Находит разделы: путь смысла, заголовок TOML, модель; повторяющийся — в двойных скобках."""
    for name, field in owner.model_fields.items():
        repeated = get_origin(field.annotation) is tuple
        models = [*_models_of(field.annotation)]
        for model in models:
            kind = _kind_of(model) if len(models) > 1 else ""
            header = f"[[{prefix}{name}]]" if repeated else f"[{prefix}{name}]"
            path = f"{prefix}{name}.{kind}" if kind else f"{prefix}{name}"
            yield path, f'{header} с type = "{kind}"' if kind else header, model
            yield from _sections(model, f"{prefix}{name}.")


def _kind_of(model: type[Section]) -> str:
    """Возвращает вид раздела, у которого их несколько: значение его ключа ``type``."""
    return str(get_args(model.model_fields["type"].annotation)[0])


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


def _row(model: type[Section], name: str, texts: Mapping[str, Any]) -> SettingRow:
    meaning, when = texts[name]
    field = model.model_fields[name]
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
