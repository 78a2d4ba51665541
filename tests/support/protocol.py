"""Запись прогона для протокола испытаний (ТЗ 7.3): итог, время и длительность каждой проверки — в JSON.

Включается ключами ``-p tests.support.protocol --protocol ФАЙЛ``. Под pytest-xdist пишет ведущий процесс:
отчёты исполнителей приходят к нему.
"""

import json
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Добавляет ключ."""
    parser.addoption("--protocol", type=Path, metavar="ФАЙЛ", help="записать итоги проверок в JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Включает запись там, где прогон ведут."""
    path = config.getoption("--protocol")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(path, config.invocation_params.args), "protocol-recorder")


class Recorder:
    """Итоги проверок прогона."""

    def __init__(self, path: Path, arguments: Iterable[str]) -> None:
        self._path, self._arguments = path, [*map(str, arguments)]
        self._tests: dict[str, dict[str, object]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Складывает подготовку, проверку и уборку в один итог: хуже всех — последнее слово."""
        known = self._tests.setdefault(
            bare(report.nodeid), {"outcome": "", "at": stamp(report.start), "s": 0.0}
        )
        known["s"] = round(float(str(known["s"])) + report.duration, 3)
        if report.failed or known["outcome"] == "failed":
            known["outcome"] = "failed"
        elif report.skipped:
            known["outcome"] = "skipped"
            known["why"] = reason(report)
        elif report.when == "call":
            known["outcome"] = "passed"

    def pytest_sessionfinish(self) -> None:
        """Записывает итоги."""
        content = {
            "at": stamp(datetime.now(UTC).timestamp()),
            "arguments": self._arguments,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "tests": self._tests,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        print(f"\nЗапись прогона: {self._path}", file=sys.stderr)


def bare(nodeid: str) -> str:
    """Возвращает имя проверки без группы, которую дописывает pytest-xdist."""
    name, _, group = nodeid.rpartition("@")
    return name if name and "]" not in group else nodeid


def reason(report: pytest.TestReport) -> str:
    """Возвращает причину пропуска."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")


def stamp(moment: float) -> str:
    """Возвращает время по UTC с секундами."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
