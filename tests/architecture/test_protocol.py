"""Протокол испытаний: итог критерия — худший из его проверок, невыполненное видно (ТЗ 7.3)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.docs.blocks import ROOT
from cli.docs.protocol import PYTHONS, Run, add_coverage, other_pythons, protocol, read_run, write_protocol
from cli.docs.traceability import Requirement

CRITERION = Requirement(
    "ТЗ 5.1", "1", "создание записи", ["a.py"], ["tests/t.py::test_one", "tests/t.py::test_two"]
)


def run_of(**outcomes: str) -> Run:
    tests = {
        f"tests/t.py::{name.replace('__', '[')}{']' * ('__' in name)}": {
            "outcome": outcome,
            "at": "2026-11-25T10:00:00+00:00",
            "s": 1.5,
        }
        for name, outcome in outcomes.items()
    }
    return Run("2026-11-25T10:09:00+00:00", ["-n", "4"], "3.11.7", "Linux x86_64", tests)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({"test_one": "passed", "test_two": "passed"}, "пройдено"),
        ({"test_one": "passed", "test_two__500": "passed", "test_two__429": "passed"}, "пройдено"),
        ({"test_one": "passed", "test_two__500": "passed", "test_two__429": "failed"}, "**не пройдено**"),
        ({"test_one": "failed"}, "**не пройдено**"),
        ({"test_one": "passed"}, "**не выполнялось**"),
        ({"test_one": "passed", "test_two": "skipped"}, "**не выполнялось**"),
        ({}, "**не выполнялось**"),
        ({"test_one": "passed", "test_twofold": "passed"}, "**не выполнялось**"),
    ],
)
def test_criterion_is_as_good_as_its_worst_test(outcomes: dict[str, str], expected: str) -> None:
    assert f"| 1 | создание записи | {expected} |" in protocol(run_of(**outcomes), [CRITERION])


def test_criterion_without_tests_is_shown_as_not_performed() -> None:
    measured = Requirement(
        "ТЗ 7.1.3", "2", "72 часа", ["a.py"], measure=["manage.py bench node"], untested="72 ч"
    )
    text = protocol(run_of(), [measured])
    assert (
        "| 2 | 72 часа | **не выполнялось** | замер: python manage.py bench node<br>не испытано: 72 ч |"
        in text
    )


def test_failed_and_skipped_tests_are_named() -> None:
    text = protocol(run_of(test_one="failed", test_two="skipped"), [CRITERION])
    assert "## Не прошли проверки\n\n- tests/t.py::test_one" in text
    assert "## Пропущены проверки\n\n- tests/t.py::test_two" in text


def test_suites_of_windows_are_counted_with_the_reasons_of_what_cannot_run_there() -> None:
    suite = run_of(test_one="passed", test_two="passed", test_three="skipped")
    suite.tests["tests/t.py::test_three"]["why"] = "posix"  # type: ignore[index]
    text = protocol(run_of(), [CRITERION], {"unit": suite})
    assert "| unit | Linux x86_64, Python 3.11.7 | 2 | 0 | posix — 1 | 2026-11-25T10:09:00+00:00 |" in text
    assert "## Windows" not in protocol(run_of(), [CRITERION], {})


def test_run_on_several_workers_is_recorded_and_becomes_a_protocol(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.xdist_group('one')\n"
        "@pytest.mark.parametrize('text', ['a@b', 'c'])\n"
        "def test_good(text): pass\n"
        "def test_bad(): assert False\n"
        "def test_skipped(): pytest.skip('нечем')\n"
        "@pytest.fixture\n"
        "def broken(): raise OSError\n"
        "def test_broken(broken): pass\n",
        encoding="utf-8",
    )
    record = tmp_path / "protocol" / "run.json"
    keys = ["-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "--rootdir", str(tmp_path)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.protocol",
        "--protocol",
        str(record),
        *keys,
    ]
    subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, check=False)
    run = read_run(record)
    assert {name.partition("::")[2]: row["outcome"] for name, row in run.tests.items()} == {
        "test_good[a@b]": "passed",
        "test_good[c]": "passed",
        "test_bad": "failed",
        "test_skipped": "skipped",
        "test_broken": "failed",
    }
    add_coverage(record, "93")
    write_protocol(record, tmp_path / "protocol.md")
    text = (tmp_path / "protocol.md").read_text(encoding="utf-8")
    assert "| проверок не прошло | 2 |" in text
    assert "| покрытие кода | 93 % |" in text
    assert json.loads(record.read_text(encoding="utf-8"))["at"].endswith("+00:00")


def test_runs_on_other_pythons_are_told_with_date_and_outcome() -> None:
    told = other_pythons(PYTHONS)
    assert {"3.14", "3.15"} <= {cell.strip()[:4] for cell in told.split("|")}
    assert "manage.py demo --once --json" in told
    assert "2026-" in told
