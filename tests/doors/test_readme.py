"""Команды README в свежей копии проекта новым пользователем: каждым Python и самым старым его pip."""

import json
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
import requests

from tests.support.doors import ROOT, bare, family, fresh_copy, pythons, running, text_of
from tests.support.node import eventually

pytestmark = pytest.mark.node

#: Установка из сети на занятой машине.
INSTALL_SECONDS = 900.0
PYTHONS = pythons()
#: pip из Python 3.12.1 ломался на списке проверок; нет его — любой, какой есть.
PICKY = "3.12" if "3.12" in PYTHONS else min(PYTHONS)


def readme_commands() -> Sequence[str]:
    """Возвращает команды первого блока README: без примечаний."""
    (block,) = re.findall(r"```\n(python manage\.py .+?)```", (ROOT / "README.md").read_text("utf-8"), re.S)[
        :1
    ]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


DEMO, TEST = readme_commands()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Домашняя папка нового пользователя: в ней нет ничего, кроме того, что скачал pip."""
    return tmp_path_factory.mktemp("home")


def newcomer(folder: Path, home: Path, minor: str) -> tuple[Path, dict[str, str]]:
    """Возвращает свежую копию проекта и среду, где ``python`` — названной версии."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(PYTHONS[minor])
    return fresh_copy(folder / "ident-bitrix24"), bare(home, folder / "bin")


@pytest.mark.parametrize(
    "minor", [pytest.param(minor, marks=pytest.mark.xdist_group(f"readme-{minor}")) for minor in PYTHONS]
)
def test_demo_of_readme_runs_in_a_fresh_copy_and_leaves_nothing_running(
    tmp_path: Path, home: Path, minor: str
) -> None:
    project, environment = newcomer(tmp_path, home, minor)
    output = tmp_path / "demo.txt"
    with running(DEMO, project, environment, output) as process:
        eventually(lambda: "Остановить" in text_of(output) or process.poll() is not None, INSTALL_SECONDS)
        addresses = re.findall(r"http://\S+", text_of(output))
        assert len(addresses) == 3, text_of(output)
        eventually(lambda: [_code(address) for address in addresses] == [200, 200, 401])
        people = family(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=90) == 0, text_of(output)
    assert psutil.wait_procs(people, timeout=5)[1] == []
    once = subprocess.run(
        ["/bin/sh", "-c", f"{DEMO} --once --json"],
        cwd=project,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=400,
        check=False,
    )
    assert once.returncode == 0, once.stderr
    assert json.loads(once.stdout)["portal_matches"] is True
    made = (project / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8")
    assert re.search(rf"^version = {re.escape(minor)}\.", made, re.M)


@pytest.mark.xdist_group("readme-test")
def test_test_of_readme_installs_and_reaches_the_tests(tmp_path: Path, home: Path) -> None:
    # До конца её доводит сам прогон: здесь — путь нового пользователя до первой проверки.
    project, environment = newcomer(tmp_path, home, PICKY)
    output = tmp_path / "test.txt"
    with running(TEST, project, environment, output) as process:
        eventually(lambda: " workers [" in text_of(output) or process.poll() is not None, INSTALL_SECONDS)
        assert process.poll() is None, text_of(output)[-3000:]
    assert "── проверки (pytest)" in text_of(output)


def _code(address: str) -> int:
    try:
        return requests.get(address, timeout=10).status_code
    except requests.ConnectionError:
        return 0
