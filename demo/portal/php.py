"""Массивы PHP: разбор и запись параметров, приведение типов.

Портал написан на PHP, и его ответы это выдают: параметры формы вида ``filter[@ID][0]=5`` складываются
в дерево, все значения формы — строки, пустой словарь превращается в ``[]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus

_BRACKETS = re.compile(r"\[([^\]]*)\]")


def parse_query(text: str) -> dict[str, Any]:
    """Разбирает строку запроса, как ``parse_str``."""
    return parse_pairs(parse_qsl(text, keep_blank_values=True))


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Складывает пары «имя со скобками — значение» в дерево."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if name:
            _insert(tree, _path(name), value)
    return {key: _lists_restored(value) for key, value in tree.items()}


def _path(name: str) -> list[str]:
    head, bracket, tail = name.partition("[")
    if not bracket or not head:
        return [name]
    return [head, *_BRACKETS.findall("[" + tail)]


def _insert(tree: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        child = tree.get(_key(tree, key))
        if not isinstance(child, dict):
            child = tree[_key(tree, key)] = {}
        tree = child
    tree[_key(tree, path[-1])] = value


def _key(tree: dict[str, Any], key: str) -> str:
    """Возвращает ключ; пустые скобки дают следующий свободный номер."""
    return key or str(max((int(k) + 1 for k in tree if k.isdigit()), default=0))


def _lists_restored(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return as_php_array({key: _lists_restored(child) for key, child in value.items()})


def as_php_array(values: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
    """Превращает словарь с ключами 0, 1, 2… в список, пустой — в ``[]``; так пишет массивы json_encode."""
    if all(key == str(index) for index, key in enumerate(values)):
        return list(values.values())
    return dict(values)


def php_list(value: Any) -> list[Any]:
    """Возвращает значения массива; одиночное значение становится списком из одного."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def php_map(value: Any) -> dict[str, Any]:
    """Возвращает массив словарём: у списка ключи — номера."""
    if isinstance(value, dict):
        return {str(key): child for key, child in value.items()}
    if isinstance(value, list):
        return {str(index): child for index, child in enumerate(value)}
    return {}


def php_int(value: Any) -> int:
    """Приводит к целому, как ``(int)``: непустой массив — единица, текст — его числовое начало."""
    if isinstance(value, (dict, list)):
        return int(bool(value))
    if isinstance(value, (bool, int, float)):
        return int(value)
    match = re.match(r"\s*([+-]?\d+)", str(value or ""))
    return int(match.group(1)) if match else 0


def php_str(value: Any) -> str:
    """Приводит к строке, как PHP: True — «1», False и null — пустая, массив — слово Array."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, (dict, list)):
        return "Array"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def encode_query(params: Mapping[str, Any]) -> str:
    """Записывает дерево строкой запроса, как ``http_build_query``."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in _flat(params))


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in params.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, (dict, list)):
            yield from _flat(php_map(value), name)
        elif value is not None:
            yield name, "0" if value is False else php_str(value)
