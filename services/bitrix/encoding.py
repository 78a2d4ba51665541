"""Запись параметров в виде PHP: ``fields[NAME]=…&filter[@ID][0]=…``."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from services.bitrix.calls import Call


def command(call: Call) -> str:
    """Возвращает команду пакета; значение неизвестного вида — TypeError."""
    text = query(call.params)
    return f"{call.method}?{text}" if text else call.method


def query(params: Mapping[str, object]) -> str:
    pairs = (pair for name, value in params.items() for pair in _flat(name, value))
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}[{key}]", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _flat(f"{name}[{index}]", item)
    else:
        yield name, _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (str, int)):
        return str(value)
    raise TypeError(f"значение типа {type(value).__name__} портал не поймёт")
