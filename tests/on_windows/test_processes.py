"""Дети демонстрации под Windows: кончаются вместе с ней, есть у неё консоль или нет."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo.processes import ROOT

DEMO = """
import sys, time
from pathlib import Path
from demo.processes import Processes

folder = Path(sys.argv[1])
with Processes(folder / "settings.toml", folder) as children:
    children.python("child", "tests.on_windows.endless", str(folder / "pid"))
    while not (folder / "pid").exists():
        assert not children.dead(), children.tail("child")
        time.sleep(0.1)
"""


@pytest.mark.parametrize("console", ["DETACHED_PROCESS", "CREATE_NEW_CONSOLE"])
def test_child_of_the_demo_ends_with_it(console: str, tmp_path: Path) -> None:
    """Без консоли CTRL_BREAK_EVENT послать некому: os.kill отвечает SystemError."""
    command = [sys.executable, "-c", DEMO, str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, creationflags=getattr(subprocess, console), timeout=100, check=False
    )
    assert done.returncode == 0
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text("ascii")))
