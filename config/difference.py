"""Разница настроек словами: что было и что станет; секреты названы, но не показаны."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.models import Settings
from config.schema import Path as Place
from config.schema import secret_values
from config.texts import text_of, told_value

#: Чем узнаётся раздел списка: его место меняется, когда убирают соседа.
IDENTITY: Mapping[str, str] = {"databases": "id", "branches": "number"}
SECTIONS: Mapping[str, str] = {
    "portal": "Портал",
    "redis": "Redis",
    "databases": "База",
    "branches": "Филиал",
    "node": "Узел",
    "sync": "Выборка",
    "retries": "Повторы",
    "rules": "Решения клиники",
    "journal": "Журналы",
    "security": "Ключ",
    "monitor": "Страница",
    "flower": "Flower",
    "alerts": "Уведомления",
    "web": "Ответы вкладке",
    "application": "Вкладка «План лечения»",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Одна перемена: место файла, раздел и настройка словами, было и стало."""

    place: Place
    section: str
    label: str
    before: str
    after: str


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Line]:
    """Возвращает перемены по порядку файла; одинаковые настройки — пусто."""
    before, after = dict(_leaves(old, ())), dict(_leaves(new, ()))
    hidden = {_named(place, raw) for raw in (old, new) for place, _ in secret_values(raw, Settings)}
    changed = [place for place in {**before, **after} if before.get(place) != after.get(place)]
    return [_line(place, before, after, place in hidden) for place in changed]


def _line(place: Place, before: Mapping[Place, object], after: Mapping[Place, object], secret: bool) -> Line:
    was, now = (_told(place, values, secret) for values in (before, after))
    if secret and place in before and place in after:
        now = "заменён"
    row = f" {place[1]}" if place[0] in IDENTITY and len(place) > 1 else ""
    return Line(
        place, f"{SECTIONS.get(str(place[0]), place[0])}{row}", text_of(_setting(place)).label, was, now
    )


def _told(place: Place, values: Mapping[Place, object], secret: bool) -> str:
    if place not in values:
        return "по умолчанию" if not secret else "нет"
    return "записан" if secret else told_value(_setting(place), values[place])


def _setting(place: Place) -> Place:
    return (place[0], *place[2:]) if place[0] in IDENTITY else place


def _leaves(node: object, at: Place) -> Iterator[tuple[Place, object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*at, key))
    elif isinstance(node, list) and node and all(isinstance(item, Mapping) for item in node):
        for number, row in enumerate(node):
            yield from _leaves(row, (*at, _identity(at, row, number)))
    else:
        yield at, node


def _identity(at: Place, row: Mapping[str, Any], number: int) -> str:
    return str(row.get(IDENTITY.get(str(at[-1]), ""), f"№ {number + 1}"))


def _named(place: Place, raw: Mapping[str, Any]) -> Place:
    """Возвращает место с именем раздела вместо номера; список секретов — целиком одно место."""
    if place[0] in IDENTITY and isinstance(place[1], int):
        return (place[0], _identity(place[:1], raw[str(place[0])][place[1]], place[1]), *place[2:])
    return place[:-1] if isinstance(place[-1], int) else place
