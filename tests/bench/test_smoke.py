"""Каждый замер с ``--smoke``: работает, печатает таблицу и пишет JSON (сколько — не проверяется)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.bench import BENCHES, SUMMARIES
from tests.support.node import ROOT

pytestmark = pytest.mark.node

#: Порча кода до первого искажения прогоняет все проверки правил: у неё свои проверки (test_mutants.py).
MEASURING = sorted(set(BENCHES) - SUMMARIES - {"mutants"})


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Выполняет замер настоящей командой."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=170,
        check=False,
    )


@pytest.mark.usefixtures("redis_process")
@pytest.mark.parametrize("name", MEASURING)
def test_bench_runs_and_writes_its_table(tmp_path: Path, name: str) -> None:
    done = bench(name, "--smoke", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    result = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert result["rows"]
    assert result["title"] in " ".join(done.stdout.split())
    assert result["command"] == f"python manage.py bench {name} --smoke"
    assert result["machine"]["cores"]
