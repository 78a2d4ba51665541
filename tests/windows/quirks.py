"""Дополнение pytest для Wine: обходит то, на чём ломается он, а не проверяемое.

numpy роняет процесс (в ucrtbase нет crealf), fakeredis может без неё; раз на тысячи запусков процесса Wine
отвечает «внутренней ошибкой», которой у Windows нет, и со второго раза запускает.
"""

import _winapi
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class NoNumpy(MetaPathFinder):
    """Отвечает, что numpy не стоит."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Отказывает в numpy, об остальном не знает."""
        if name == "numpy":
            raise ModuleNotFoundError("numpy под Wine не грузится", name=name)


INTERNAL_ERROR = 1359
create_process = _winapi.CreateProcess


def create_at_last(*arguments: object) -> tuple[int, int, int, int]:
    """Запускает процесс; не запустил сам Wine — запускает ещё раз."""
    try:
        return create_process(*arguments)
    except OSError as error:
        if error.winerror != INTERNAL_ERROR:
            raise
        return create_process(*arguments)


_winapi.CreateProcess = create_at_last
sys.meta_path.insert(0, NoNumpy())
