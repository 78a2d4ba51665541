"""Дополнение pytest для Wine: numpy роняет там процесс (в ucrtbase нет crealf), fakeredis может без неё."""

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


sys.meta_path.insert(0, NoNumpy())
