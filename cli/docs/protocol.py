"""Протокол испытаний: критерии ТЗ раздела 5 и сценарии 7.1 против записи прогона (ТЗ 7.3).

Критерий пройден, если прошли все его проверки; без выполненной проверки — «не выполнялось», и это видно.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.docs.tables import table
from cli.docs.traceability import Requirement, requirements

PARTS = ("ТЗ 5.1", "ТЗ 5.2", "ТЗ 5.3", "ТЗ 5.4", "ТЗ 7.1.1", "ТЗ 7.1.2", "ТЗ 7.1.3", "ТЗ 7.1.4")
PASSED, FAILED, ABSENT = "пройдено", "**не пройдено**", "**не выполнялось**"
HEADER = ("№", "критерий", "итог", "проверки", "когда, UTC", "секунд")
PYTHONS = Path(__file__).resolve().parents[2] / "docs" / "pythons.toml"
TITLE = "# Протокол испытаний\n\nСоставлен программой по записи прогона: `python manage.py test`."


@dataclass(frozen=True, slots=True)
class Run:
    """Запись прогона: когда, чем, какими ключами и итог каждой проверки."""

    at: str
    arguments: Sequence[str]
    python: str
    system: str
    tests: Mapping[str, Mapping[str, Any]]
    coverage: str = ""

    def cases(self, test: str) -> list[Mapping[str, Any]]:
        """Возвращает итоги проверки, у которой может быть несколько случаев."""
        return [row for name, row in self.tests.items() if name == test or name.startswith(f"{test}[")]

    def outcome(self, test: str) -> str:
        return _worst([_named(row["outcome"]) for row in self.cases(test)])


def read_run(path: Path) -> Run:
    return Run(**json.loads(path.read_text(encoding="utf-8")))


def add_coverage(record: Path, percent: str) -> None:
    content = {**json.loads(record.read_text(encoding="utf-8")), "coverage": percent}
    record.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def write_protocol(record: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    windows = {path.stem: read_run(path) for path in sorted((record.parent / "windows").glob("*.json"))}
    text = protocol(read_run(record), requirements(), windows)
    target.write_text(f"{text}\n{other_pythons(PYTHONS)}", encoding="utf-8", newline="\n")


def other_pythons(path: Path) -> str:
    """Возвращает раздел о прогонах на других Python: записаны руками, когда выполнялись."""
    runs = tomllib.loads(path.read_text(encoding="utf-8"))["run"]
    rows = [(one["python"], one["where"], f"`{one['command']}`", one["at"], one["outcome"]) for one in runs]
    return f"## Другие Python\n\n{table(('Python', 'где', 'команда', 'когда, UTC', 'итог'), rows)}\n"


def protocol(run: Run, found: Sequence[Requirement], windows: Mapping[str, Run] | None = None) -> str:
    """Возвращает протокол: итоги разделов, каждый критерий, Windows, чего не выполняли и что не прошло."""
    chosen = [one for one in found if one.part in PARTS]
    parts = [(name, [one for one in chosen if one.part == name]) for name in PARTS]
    sections = [
        f"## {name}\n\n{table(HEADER, [_row(run, one) for one in rows])}" for name, rows in parts if rows
    ]
    under_windows = _windows(run, windows) if windows else []
    return "\n\n".join([TITLE, _summary(run, chosen), *sections, *under_windows, _troubles(run)]) + "\n"


def verdict(run: Run, one: Requirement) -> str:
    return _worst([run.outcome(test) for test in one.tests])


def _summary(run: Run, chosen: Sequence[Requirement]) -> str:
    outcomes = Counter(row["outcome"] for row in run.tests.values())
    verdicts = Counter(verdict(run, one) for one in chosen)
    rows = [
        ("закончен, UTC", run.at),
        ("машина", f"{run.system}, Python {run.python}"),
        ("ключи pytest", f"`{' '.join(run.arguments)}`"),
        ("проверок прошло", str(outcomes["passed"])),
        ("проверок не прошло", str(outcomes["failed"])),
        ("проверок пропущено", str(outcomes["skipped"])),
        ("покрытие кода", f"{run.coverage} %" if run.coverage else "в этом прогоне не мерилось"),
        *((f"критериев: {name.strip('*')}", str(verdicts[name])) for name in (PASSED, FAILED, ABSENT)),
    ]
    return table(("прогон", ""), rows)


def _windows(run: Run, suites: Mapping[str, Run]) -> Sequence[str]:
    """Возвращает, что шло под Windows: наборы, выполненные её Python, и проверки, что ею распоряжались."""
    rows = []
    for name, suite in suites.items():
        outcomes = Counter(row["outcome"] for row in suite.tests.values())
        reasons = Counter(row["why"] for row in suite.tests.values() if row["outcome"] == "skipped")
        absent = ", ".join(f"{why} — {count}" for why, count in sorted(reasons.items())) or "—"
        machine = f"{suite.system}, Python {suite.python}"
        rows.append((name, machine, str(outcomes["passed"]), str(outcomes["failed"]), absent, suite.at))
    header = ("набор", "машина", "прошло", "не прошло", "не идут, по причинам", "закончен, UTC")
    ruled = [
        (test.rpartition("::")[2], _named(row["outcome"]), str(row["at"]), f"{float(row['s']):.1f}")
        for test, row in run.tests.items()
        if test.startswith("tests/windows/")
    ]
    return [
        "## Windows",
        "Настоящий CPython для Windows в Wine; причины и то, чего Wine не показывает, — docs/windows.md.",
        table(header, rows),
        table(("проверка", "итог", "когда, UTC", "секунд"), ruled),
    ]


def _row(run: Run, one: Requirement) -> Sequence[str]:
    cases = [case for test in one.tests for case in run.cases(test)]
    proofs = [f"{test.rpartition('::')[2]} — {run.outcome(test).strip('*')}" for test in one.tests]
    measures = [f"замер: python {name}" for name in one.measure]
    beyond = [f"не испытано: {one.untested}"] if one.untested else []
    latest = max((str(case["at"]) for case in cases), default="—").removesuffix("+00:00")
    seconds = f"{sum(float(case['s']) for case in cases):.1f}" if cases else "—"
    text = "<br>".join([*proofs, *measures, *beyond])
    return one.number, one.text, verdict(run, one), text, latest, seconds


def _troubles(run: Run) -> str:
    failed = [name for name, row in run.tests.items() if row["outcome"] == "failed"]
    skipped = [name for name, row in run.tests.items() if row["outcome"] == "skipped"]
    lists = [("Не прошли проверки", failed), ("Пропущены проверки", skipped)]
    texts = [f"## {title}\n\n" + "\n".join(f"- {name}" for name in names) for title, names in lists if names]
    return "\n\n".join(texts) or "Непрошедших и пропущенных проверок нет."


def _named(outcome: str) -> str:
    return {"passed": PASSED, "failed": FAILED}.get(outcome, ABSENT)


def _worst(outcomes: Sequence[str]) -> str:
    for bad in (FAILED, ABSENT):
        if bad in outcomes:
            return bad
    return PASSED if outcomes else ABSENT
