"""Перемены вида файла настроек: новая версия читает файл прежней (СПЕЦ 3.5.2.3).

В файле стоит ``schema = N``; нет её — файл первого вида. Загрузка приводит старый файл к нынешнему виду
в памяти, ``service update`` — и на диске. Неизвестный ключ никогда не выбрасывается: загрузка его назовёт.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

SCHEMA = "schema"


class Change(Protocol):
    """Перемена вида: правит разделы на месте — словари TOML или документ tomlkit с примечаниями."""

    def __call__(self, raw: Any) -> None:
        """Правит разделы."""
        ...


@dataclass(frozen=True, slots=True)
class Migration:
    """Шаг к следующему виду файла: что меняется, словами для администратора, и сама правка."""

    told: str
    change: Change


#: Шаг № 1 переводит вид 1 в вид 2 и так далее; вид файла — число шагов и единица.
MIGRATIONS: Sequence[Migration] = ()
CURRENT = len(MIGRATIONS) + 1


class SchemaError(Exception):
    """Вид файла не прочесть: он от более новой версии или записан с ошибкой."""


def schema_of(raw: Mapping[str, object], current: int = CURRENT) -> int:
    """Возвращает вид файла; новее нынешнего или не число — SchemaError."""
    found = raw.get(SCHEMA, 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise SchemaError("schema: ожидается номер вида файла, например schema = 1")
    if found > current:
        raise SchemaError(
            f"файл настроек сделан более новой версией программы (вид {found}, эта знает {current}): "
            "обновите программу или верните файл из копии"
        )
    return int(found)


def migrated(raw: Mapping[str, object], migrations: Sequence[Migration] = MIGRATIONS) -> dict[str, object]:
    """Возвращает разделы в нынешнем виде, без ``schema``; сами ``raw`` не меняются."""
    draft: dict[str, object] = deepcopy(dict(raw))
    migrate(draft, migrations)
    draft.pop(SCHEMA, None)
    return draft


def migrate(raw: Any, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Приводит разделы к нынешнему виду на месте; возвращает, что сделано."""
    steps = migrations[schema_of(raw, len(migrations) + 1) - 1 :]
    for step in steps:
        step.change(raw)
    if steps:
        raw[SCHEMA] = len(migrations) + 1
    return [step.told for step in steps]
