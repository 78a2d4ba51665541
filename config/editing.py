"""Правка файла настроек программой: примечания, порядок и отступы человека остаются на месте."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.files import replace_text
from config.loader import ConfigError, read_text
from config.schema import Path as Place


def set_values(path: Path, changes: Mapping[Place, object]) -> bool:
    """Записывает значения и возвращает, изменилось ли что-то; недостающие разделы добавляет в конец."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    text = read_text(path)
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError(f"Файл настроек {path} написан с ошибкой: {error}") from None
    for place, value in changes.items():
        _set(document, place, value)
    changed = tomlkit.dumps(document)
    if changed == text:
        return False
    replace_text(path, changed)
    return True


def _set(node: Any, place: Place, value: object) -> None:
    import tomlkit

    *section, last = place
    for part in section:
        if isinstance(part, str) and part not in node:
            node[part] = tomlkit.table()
        node = node[part]
    if isinstance(last, int) or last not in node or node[last] != value:
        node[last] = value
