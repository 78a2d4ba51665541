"""Наборы проверок проекта, выполненные самим Python для Windows."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.windows.project import Project
from tests.windows.reasons import REASONS
from tests.windows.wine import windows_path

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("windows")]

#: Набор, его папка и наименьшее число проверок, с которым он ещё похож на себя.
SUITES = {
    "on_windows": ("tests/on_windows", 18),
    "unit": ("tests/unit", 2300),
    "contract": ("tests/contract", 500),
}


@pytest.mark.parametrize("name", SUITES)
def test_suite_passes_on_windows(project: Project, records: Path, name: str) -> None:
    folder, least = SUITES[name]
    record = records / f"{name}.json"
    record.unlink(missing_ok=True)
    record_keys = ["-p", "tests.support.protocol", "--protocol", windows_path(record)]
    keys = ["-q", "-p", "no:cacheprovider", "-p", "tests.windows.quirks", *record_keys]
    done = project.python("-m", "pytest", *keys, folder, timeout=1800, PYTHONUTF8="1", CI="true")
    assert done.code == 0, done.text[-6000:]
    tests = json.loads(record.read_text(encoding="utf-8"))["tests"]
    assert Counter(test["outcome"] for test in tests.values())["passed"] >= least
    assert {test["why"] for test in tests.values() if test["outcome"] == "skipped"} <= set(REASONS)
