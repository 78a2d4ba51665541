"""Правка файла настроек программой: примечания, порядок и отступы человека остаются на месте."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from config.files import replace_text
from config.loader import ConfigError, read_text
from config.schema import Path as Place


def set_values(path: Path, changes: Mapping[Place, object]) -> bool:
    """Записывает значения и возвращает, изменилось ли что-то; недостающие разделы добавляет в конец."""
    text = read_text(path)
    try:
        changed = edited(text, changes)
    except ConfigError as error:
        raise ConfigError(f"Файл настроек {path} написан с ошибкой: {error}") from None
    if changed == text:
        return False
    replace_text(path, changed)
    return True


def edited(text: str, changes: Mapping[Place, object], removed: Iterable[Place] = ()) -> str:
    """Возвращает текст настроек с правками; номер за концом списка разделов добавляет раздел.

    Убранное стирается последним и с конца: номера прочих разделов на время правки те же.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        for place, value in changes.items():
            _set(document, place, value)
        for place in reversed(list(removed)):
            _remove(document, place)
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ConfigError(str(error)) from None


def _set(node: Any, place: Place, value: object) -> None:
    import tomlkit

    *section, last = place
    for part, following in zip(section, place[1:], strict=True):
        if isinstance(part, int):
            while len(node) <= part:
                node.append(tomlkit.table())
        elif part not in node:
            node[part] = tomlkit.aot() if isinstance(following, int) else tomlkit.table()
        node = node[part]
    if isinstance(last, int) or last not in node or node[last] != value:
        node[last] = value


def _remove(node: Any, place: Place) -> None:
    *section, last = place
    for part in section:
        if isinstance(part, str) and part not in node:
            return
        node = node[part]
    if isinstance(last, int) or last in node:
        del node[last]
