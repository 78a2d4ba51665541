"""Портал-эмулятор отдельным процессом: ``python -m demo.portal``."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.node import ROOT, eventually

pytestmark = pytest.mark.node


def test_portal_starts_alone_serves_and_stops_keeping_its_data(tmp_path: Path) -> None:
    state, output = tmp_path / "portal.json", tmp_path / "portal.txt"
    options = ["--port", "0", "--code", "s3cr3t", "--persist", str(state), "--token", "t", "--write-ms", "1"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo.portal", *options], stdout=file, stderr=file, cwd=ROOT
        )
    try:
        eventually(lambda: "Вебхук" in output.read_text(encoding="utf-8"))
        (url,) = re.findall(r"Портал: (\S+)", output.read_text(encoding="utf-8"))
        answer = requests.post(
            f"{url}rest/1/s3cr3t/crm.deal.add", json={"fields": {"TITLE": "x"}}, timeout=30
        )
        assert answer.json()["result"] == 1
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert "s3cr3t" not in output.read_text(encoding="utf-8")
    assert '"TITLE": "x"' in state.read_text(encoding="utf-8")
