"""Ответы установщику: настройки интеграции и раздел [install]; из файла или из разговора."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from config.explain import explain
from installer.ports import InstallError


class InstallChoices(BaseModel):
    """Раздел [install]: что делать установщику."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: own — свой Redis на этом компьютере; shared — общий, его адрес в [redis] url (docs/cluster.md).
    redis: Literal["own", "shared"] = "own"
    redis_port: int = 6390
    flower: bool = True
    portal_setup: bool = False
    preview: bool = False
    #: Остальное спросит страница в браузере: база, филиалы, портал, проверка, начало обмена.
    browser: bool = False
    open_port: bool = False
    start: bool = True


class Answers(BaseModel):
    """Ответы: выбор установщика и разделы файла настроек как есть."""

    model_config = ConfigDict(frozen=True)

    install: InstallChoices = InstallChoices()
    settings: dict[str, object]


def read_answers(path: Path) -> Answers:
    """Читает файл ответов; негодный — InstallError с ключом и тем, что ожидается."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InstallError(f"Файл ответов {path} не читается: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstallError(f"Файл ответов {path} написан с ошибкой: {error}") from None
    return parse_answers(raw, path)


def parse_answers(raw: Mapping[str, object], path: Path | None = None) -> Answers:
    """Разбирает ответы; разделы, кроме [install], проверит загрузка настроек."""
    settings = {key: value for key, value in raw.items() if key != "install"}
    try:
        choices = InstallChoices.model_validate(raw.get("install", {}))
    except ValidationError as error:
        told = explain(error, path).replace("Настройки не годятся", "Раздел [install] ответов не годится")
        raise InstallError(told) from None
    if "databases" in settings:
        settings["databases"] = _encrypted(settings["databases"])
    return Answers(install=choices, settings=settings)


def _encrypted(databases: object) -> object:
    """Велит новой установке шифровать соединение с базой, если ответы не говорят иного; прочее не трогает."""
    if not isinstance(databases, list):
        return databases
    return [
        {**one, "encrypt": one.get("encrypt", "mandatory")}
        if isinstance(one, dict) and one.get("type", "mssql") == "mssql"
        else one
        for one in databases
    ]
