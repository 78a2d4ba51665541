"""Загрузка добавленных сущностей: файл Python из настроек и его запрос рядом (ADR 0012)."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from config.loader import ConfigError
from services.domain.entity import LETTER, Entity

ENTITY = "ENTITY"
#: Имена своих лент: сущность так назвать нельзя.
OWN = frozenset({"receptions", "plans"})


def load_entities(paths: Sequence[Path]) -> Mapping[str, Entity]:
    """Возвращает сущности по именам файлов; негодный файл — ConfigError с тем, что исправить."""
    found: dict[str, Entity] = {}
    for path in paths:
        if path.stem in OWN:
            raise ConfigError(f"[node] entities: имя {path.stem} занято, переименуйте файл")
        entity = _entity(path)
        if twin := next((name for name, known in found.items() if known.letter == entity.letter), None):
            raise ConfigError(f"[node] entities: у {path.stem} и {twin} одна буква ключа {entity.letter}")
        found[path.stem] = entity
    return found


def _entity(path: Path) -> Entity:
    for needed in (path, path.with_suffix(".sql")):
        if not needed.is_file():
            raise ConfigError(f"[node] entities: нет файла {needed}")
    entity: Entity | None = getattr(_module(path), ENTITY, None)
    if entity is None or not LETTER.fullmatch(getattr(entity, "letter", "")):
        raise ConfigError(
            f"[node] entities: в {path.name} ожидается {ENTITY} с буквой ключа — большой латинской, кроме P"
        )
    return entity


def _module(path: Path) -> ModuleType:
    name = f"ident_entity_{path.stem}"
    if name in sys.modules and sys.modules[name].__file__ == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
