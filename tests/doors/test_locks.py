"""Списки зависимостей: у каждой строки есть колесо, ставить их умеет любой pip; нужна сеть."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

import manage
from cli.locks import LOCKS, missing, resolved, targets

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("locks")]

#: Самый старый pip: из Python 3.11.0 (3.12 он не знает), из 3.12.1 (тот искал coverage[toml] среди новых
#: выпусков), и новейший.
PIPS = [*(["pip==22.3"] if sys.version_info < (3, 12) else []), "pip==23.2.1", "pip"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_has_a_wheel_everywhere(lock: str) -> None:
    packages = resolved(lock)
    assert len(packages) > 40
    assert list(missing(packages, targets())) == []


@pytest.mark.parametrize("pip", PIPS)
def test_lock_of_the_tests_is_installed_by_any_pip(tmp_path: Path, pip: str) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    chosen = [*manage.pip(tmp_path / "venv"), "install", "--quiet", "--upgrade", pip]
    subprocess.run(chosen, check=True, capture_output=True)
    manage.install(tmp_path / "venv", "dev")
    celery = [tmp_path / "venv" / "bin" / "celery", "-A", "tasks", "--version"]
    told = subprocess.run(celery, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("5.7")
