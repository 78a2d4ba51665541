"""Настройки без моделей — процессу, который их только читает: моделей и pydantic он не носит (8 МБ).

Читает и проверяет настройки короткий процесс-потомок, а сюда доходят готовые значения под теми же именами.
Без fork (Windows) всё остаётся по-прежнему: настройки читает сам процесс.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from config import loader

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from config.models.base import Section


class Plain(SimpleNamespace):
    """Раздел настроек без проверок: поля и свойства; в тексте ошибок значений нет."""

    def __repr__(self) -> str:
        return f"Plain({', '.join(vars(self))})"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Тайна настроек; наружу — только по просьбе."""

    _value: str

    def get_secret_value(self) -> str:
        return self._value


def settle_settings(path: Path) -> None:
    """Читает настройки раз на всю жизнь процесса; беда настроек — та же, что у load_settings."""
    if not hasattr(os, "fork"):
        return
    from multiprocessing import get_context

    fork = get_context("fork")
    here, there = fork.Pipe(duplex=False)
    child = fork.Process(target=_tell, args=(path, there))
    child.start()
    there.close()
    told = here.recv()
    child.join()
    if isinstance(told, Exception):
        raise told
    loader.settled[path] = told


def _tell(path: Path, there: Connection) -> None:
    try:
        there.send(plain(loader.load_settings(path)))
    except Exception as error:
        there.send(error)


def plain(value: Any) -> Any:
    """Возвращает значение настроек без pydantic: разделы и тайны заменены простыми."""
    from pydantic import SecretStr

    from config.models.base import Section

    if isinstance(value, Section):
        return Plain(**{name: plain(getattr(value, name)) for name in _names(type(value))})
    if isinstance(value, SecretStr):
        return Secret(value.get_secret_value())
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def is_section(value: object) -> bool:
    """Отвечает, раздел ли это настроек, простой или модель: моделей ради ответа не грузит."""
    return isinstance(value, Plain) or hasattr(value, "model_fields_set")


def _names(section: type[Section]) -> Iterator[str]:
    yield from section.model_fields
    yield from (name for name, found in vars(section).items() if isinstance(found, property))
