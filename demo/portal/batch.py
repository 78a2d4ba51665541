"""Метод batch: до 50 команд одним запросом, подстановка ``$result[ключ][поле]``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from demo.portal.call import Reply
from demo.portal.errors import RestError, refusal
from demo.portal.php import as_php_array, parse_query, php_map, php_str
from demo.portal.state import Row

MAX_COMMANDS = 50
_REFERENCE = re.compile(r"\$result(\S*)", re.IGNORECASE)
_STEP = re.compile(r"\[([^\]]+)\]")

RunCommand = Callable[[str, dict[str, Any]], tuple[Reply, Row]]
"""Выполняет команду: ответ и расход времени; отказ — RestError."""


def split_commands(params: dict[str, Any]) -> dict[str, str]:
    """Возвращает команды по ключам; у списка ключи — номера."""
    return {key: php_str(command) for key, command in php_map(params.get("cmd")).items()}


def method_of(command: str) -> str:
    """Возвращает имя метода команды."""
    return command.partition("?")[0].removesuffix(".json").strip("/ ").lower()


def run_batch(params: dict[str, Any], run: RunCommand) -> Row:
    """Выполняет пакет; отказ команды не отменяет прежних — транзакции нет."""
    parts: dict[str, Row] = {name: {} for name in ("result", "error", "total", "next", "time")}
    halt = php_str(params.get("halt")) in ("1", "true")
    for number, (key, command) in enumerate(split_commands(params).items()):
        try:
            _run_one(number, key, command, parts, run)
        except RestError as refused:
            parts["error"][key] = refused.body()
            if halt:
                break
    names = {"result": "result", "error": "result_error", "total": "result_total"}
    names |= {"next": "result_next", "time": "result_time"}
    return {names[part]: as_php_array(values) for part, values in parts.items()}


def _run_one(number: int, key: str, command: str, parts: dict[str, Row], run: RunCommand) -> None:
    if number >= MAX_COMMANDS:
        raise refusal("ERROR_BATCH_LENGTH_EXCEEDED")
    method = method_of(command)
    if method == "batch":
        raise refusal("ERROR_BATCH_METHOD_NOT_ALLOWED")
    query = substituted(parse_query(command.partition("?")[2]), parts["result"])
    reply, spent = run(method, query)
    parts["result"][key], parts["time"][key] = reply.result, spent
    if reply.total is not None:
        parts["total"][key] = reply.total
    if reply.next is not None:
        parts["next"][key] = reply.next


def substituted(params: Any, results: Row) -> Any:
    """Подставляет результаты прежних команд во ВСЕ ключи и значения, и в свободный текст тоже."""
    if isinstance(params, dict):
        return {
            php_str(_resolved(key, results)): substituted(value, results) for key, value in params.items()
        }
    if isinstance(params, list):
        return [substituted(value, results) for value in params]
    return _resolved(params, results)


def _resolved(text: Any, results: Row) -> Any:
    """Заменяет ссылки; ссылка целиком даёт само значение, внутри текста — строку."""
    for match in _REFERENCE.finditer(text) if isinstance(text, str) else ():
        steps = _STEP.findall(match.group(1))
        if steps:
            value = _followed(results, steps)
            if match.group() == text:
                return value
            text = text.replace(match.group(), php_str(value))
    return text


def _followed(results: Row, steps: list[str]) -> Any:
    """Идёт по пути до первого отсутствующего шага и возвращает то, до чего дошёл: так делает портал."""
    value: Any = results
    for step in steps:
        children = php_map(value)
        if children.get(step) is None:
            break
        value = children[step]
    return value
