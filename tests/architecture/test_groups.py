"""Группы pytest-xdist действуют: одна группа — один исполнитель, и пакет собирается один раз."""

import os
import subprocess
import sys
from pathlib import Path

MODULE = """
import os
from pathlib import Path
import pytest
pytestmark = pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(4))
def test_some(number):
    Path(__file__).with_name(os.environ["PYTEST_XDIST_WORKER"] + ".seen").touch()
"""


def test_group_stays_with_one_worker(tmp_path: Path) -> None:
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(MODULE, encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    keys = ["-p", "no:cacheprovider", "-n", "3", "--dist", "loadgroup", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *keys, str(tmp_path)],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(list(tmp_path.glob("*.seen"))) == 1, (
        "xdist потерял группы: сверьте версии pytest и pytest-xdist"
    )
