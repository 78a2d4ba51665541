"""Описание настроек: вид, пределы и умолчание — из моделей, смысл и когда менять — из config/texts.toml."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config.models import Section, Settings
from config.models.base import core, sections
from config.texts import TEXTS, Text, texts

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


def describe(meanings: Path = TEXTS) -> list[SectionTable]:
    """Возвращает разделы в порядке файла, вложенные — за своим; пробелы и лишнее — ValueError."""
    found = [*_sections(Settings, "")]
    texts = _texts(found, meanings)
    return [
        SectionTable(header, _purpose(model), [_row(model, name, texts[f"{path}.{name}"]) for name in names])
        for path, header, model in found
        if (names := _plain(model))
    ]


def _texts(found: Sequence[tuple[str, str, type[Section]]], meanings: Path) -> Mapping[str, Text]:
    """Возвращает смысл каждой настройки; называет все, о которых не сказано, и все лишние строки."""
    wanted = {f"{path}.{name}" for path, _, model in found for name in _plain(model)}
    written = texts(meanings)
    if gaps := sorted(wanted - set(written)):
        raise ValueError(f"config/texts.toml: не сказано о настройках {', '.join(gaps)}")
    if strangers := sorted(set(written) - wanted):
        raise ValueError(f"config/texts.toml: лишние строки {', '.join(strangers)}")
    return written


def _sections(owner: type[Section], prefix: str) -> Iterator[tuple[str, str, type[Section]]]:
    """Находит разделы: путь смысла, заголовок TOML, модель; повторяющийся — в двойных скобках."""
    for name, field in owner.model_fields.items():
        repeated = get_origin(field.annotation) is tuple
        models = sections(field.annotation)
        for model in models:
            kind = _kind_of(model) if len(models) > 1 else ""
            header = f"[[{prefix}{name}]]" if repeated else f"[{prefix}{name}]"
            path = f"{prefix}{name}.{kind}" if kind else f"{prefix}{name}"
            yield path, f'{header} с type = "{kind}"' if kind else header, model
            yield from _sections(model, f"{prefix}{name}.")


def _kind_of(model: type[Section]) -> str:
    """Возвращает вид раздела, у которого их несколько: значение его ключа ``type``."""
    return str(get_args(model.model_fields["type"].annotation)[0])


def _plain(model: type[Section]) -> list[str]:
    """Возвращает поля раздела, которые сами не разделы."""
    return [name for name, field in model.model_fields.items() if not sections(field.annotation)]


def _purpose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n")[0].strip()


def _row(model: type[Section], name: str, text: Text) -> SettingRow:
    field = model.model_fields[name]
    return SettingRow(name, _kind(field), _default(field), text.meaning, text.when)


def _kind(field: FieldInfo) -> str:
    limits = _limits(field.metadata)
    return _name(field.annotation) + (f", {limits}" if limits else "")


def _name(annotation: Any) -> str:
    plain = core(annotation)
    origin, inner = get_origin(plain), get_args(plain)
    if origin is Literal:
        return " или ".join(f"`{value}`" for value in inner)
    if origin in (tuple, list, set, frozenset):
        return f"список: {_name(inner[0])}"
    if origin is dict:
        return "подраздел"
    return KINDS.get(plain) or str(getattr(plain, "__name__", plain))


def _limits(metadata: Sequence[object]) -> str:
    """Возвращает пределы значения: знаки сравнения и числа."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [(sign, getattr(item, name, None)) for item in metadata for name, sign in signs.items()]
    return ", ".join(f"{sign} {_number(value)}" for sign, value in found if value is not None)


def _number(value: Any) -> str:
    return f"{value.total_seconds() if isinstance(value, timedelta) else value:.10g}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "обязателен"
    value = field.get_default(call_default_factory=True)
    return _spelled(value)


def _spelled(value: object) -> str:
    """Пишет умолчание так, как его пишут в TOML; секрет открыт: умолчание не тайна."""
    if value is None or value in ((), {}):
        return "—"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"`{_number(value)}`"
    if isinstance(value, SecretStr):
        return f'`"{value.get_secret_value()}"`'
    if isinstance(value, (str, Path)):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        return ", ".join(_spelled(item).replace('"', "") for item in value)
    return f"`{value}`"
