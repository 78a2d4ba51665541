"""Windows для проверок: поднимается один раз и остаётся до перемены того, из чего сделана."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.absent import absent
from tests.windows.prepare import absent_packages, only_one, prepare
from tests.windows.project import Project
from tests.windows.wine import PYTHON, Wine


@pytest.fixture(scope="session")
def wine() -> Iterator[Wine]:
    """Windows с Python и заменителями того, чего в Wine нет."""
    if missing := absent_packages():
        absent(f"Windows для проверок (apt install {' '.join(missing)})")
    ready = prepare()
    # Пока жив хоть один процесс, Wine не гасит служб и не поднимает их заново с каждой командой.
    with ready.start(PYTHON, "-c", "import time; time.sleep(7200)"):
        yield ready


@pytest.fixture(scope="session")
def tree(wine: Wine) -> Project:
    """Файлы проекта на рабочем столе Windows."""
    project = Project(wine)
    with only_one(wine.home / "tree"):
        project.place()
    return project


@pytest.fixture(scope="session")
def project(tree: Project) -> Project:
    """Проект с окружением для проверок."""
    with only_one(tree.wine.home / "environment"):
        tree.install()
    return tree


@pytest.fixture(scope="session")
def records() -> Path:
    """Куда пишутся итоги для протокола испытаний."""
    folder = Path("var/protocol/windows").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
