"""Версия программы: записана один раз, в pyproject.toml; в собранном пакете он лежит рядом с кодом."""

import tomllib
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


@cache
def version() -> str:
    """Возвращает номер версии: ``0.1.0``."""
    return version_of(PROJECT)


def version_of(project: Path) -> str:
    with project.open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
