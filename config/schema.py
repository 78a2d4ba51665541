"""Обход моделей настроек: где в файле стоят секреты и какие ключи ожидает раздел."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from config.models.base import Section, leaves, sections

Path = tuple[str | int, ...]


def secret_values(raw: Mapping[str, object], model: type[Section]) -> Iterator[tuple[Path, str]]:
    """Возвращает места и значения секретов: всё, что в моделях названо SecretStr."""
    yield from _secrets(raw, [model], ())


def known_keys(location: Sequence[str | int], model: type[Section]) -> set[str]:
    """Возвращает ключи, которые ожидает раздел; незнакомый раздел — пусто."""
    models: list[type[Section]] = [model]
    for part in location:
        if isinstance(part, str) and any(part in known.model_fields for known in models):
            models = [
                inner
                for known in models
                if part in known.model_fields
                for inner in sections(known.model_fields[part].annotation)
            ]
    return {name for known in models for name in known.model_fields}


def named(path: Path, raw: Mapping[str, object]) -> str:
    """Возвращает имя места для человека и команд: databases.D1.password."""
    names: list[str] = []
    node: Any = raw
    for part in path:
        node = node[part]
        label = node.get("id") if isinstance(part, int) and isinstance(node, Mapping) else None
        names.append(str(label or part))
    return ".".join(names)


def place_of(name: str, raw: Mapping[str, object]) -> Path:
    """Возвращает место по имени; такого раздела в файле нет — KeyError с именем."""
    node: Any = raw
    path: list[str | int] = []
    for part in name.split("."):
        if isinstance(node, list):
            part_at = _index(part, node)
            path.append(part_at)
            node = node[part_at]
        else:
            path.append(part)
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return tuple(path)


def _index(part: str, rows: Sequence[Any]) -> int:
    for number, row in enumerate(rows):
        if str(row.get("id")) == part or str(number) == part:
            return number
    raise KeyError(part)


def _secrets(
    raw: Mapping[str, object], models: Sequence[type[Section]], at: Path
) -> Iterator[tuple[Path, str]]:
    for key, value in raw.items():
        fields = [model.model_fields[key] for model in models if key in model.model_fields]
        if fields:
            yield from _inside(value, fields, (*at, key))


def _inside(value: object, fields: Sequence[Any], at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        if models := [model for field in fields for model in sections(field.annotation)]:
            yield from _secrets(value, models, at)
        else:
            for key, item in value.items():
                yield from _inside(item, fields, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _inside(item, fields, (*at, number))
    elif isinstance(value, str) and any(SecretStr in leaves(field.annotation) for field in fields):
        yield at, value
