"""Окружение под Windows: Python, списки зависимостей по контрольным суммам, путь с кириллицей и пробелами."""

import json

import pytest

from config.version import version
from tests.windows.project import FOLDER, Project

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("windows")]


def test_command_of_the_readme_works_on_the_desktop(project: Project) -> None:
    done = project.manage("--version")
    assert done.text.startswith(f"ident-bitrix {version()} (Python 3.11.9, Windows"), done.text
    assert done.code == 0


def test_locks_install_by_hash_and_agree_with_each_other(project: Project) -> None:
    installed = json.loads((project.folder / ".venv" / "installed.json").read_text(encoding="utf-8"))
    assert installed["level"] == "dev"
    done = project.python("-m", "pip", "check")
    assert (done.code, done.text.strip()) == (0, "No broken requirements found.")


def test_modules_are_found_where_they_lie(project: Project) -> None:
    done = project.python("-c", "import services, sys; print(ascii(services.__path__[0]), sys.platform)")
    assert done.text.strip() == ascii(rf"{FOLDER}\services") + " win32"
