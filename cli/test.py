"""Все проверки: ``python manage.py test``."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.arguments import Arguments, in_russian

ROOT = Path(__file__).resolve().parent.parent
TARGETS = (
    "services",
    "config",
    "tasks",
    "plan_frontend",
    "monitoring",
    "cli",
    "demo",
    "installer",
    "deploy",
    "tests",
    "celeryconfig.py",
    "flowerconfig.py",
    "manage.py",
)
RECORD = ROOT / "var" / "protocol" / "run.json"
#: Сюда пишут свои итоги наборы, выполненные под Windows (tests/windows).
WINDOWS = RECORD.with_name("windows")
CLOSING = re.compile(r"^=*\s*((?:\d+ \w+,?\s*)+ in [\d.]+s.*?)\s*=*$")


@dataclass(frozen=True, slots=True)
class Step:
    """Шаг проверки: имя для людей и команда."""

    name: str
    command: Sequence[str]


def steps(fast: bool, extra: Sequence[str]) -> list[Step]:
    """Возвращает шаги по порядку; ``fast`` — без браузера, настоящих процессов и Windows."""
    existing = [target for target in TARGETS if (ROOT / target).exists()]
    subset = ["-m", "not browser and not node"] if fast else []
    coverage = [] if fast or extra else ["--cov", "--cov-report=term"]
    protocol = ["-p", "tests.support.protocol", "--protocol", str(RECORD.relative_to(ROOT))]
    found = [
        Step("вид кода (ruff format)", ["ruff", "format", "--check", *existing]),
        Step("ошибки кода (ruff check)", ["ruff", "check", *existing]),
        Step("типы (mypy)", ["mypy"]),
        Step("слои (import-linter)", ["importlinter"]),
        Step(
            "проверки (pytest)",
            ["pytest", "-n", "4", "--dist", "loadgroup", *protocol, *subset, *coverage, *extra],
        ),
    ]
    if coverage:
        found.append(
            Step(
                "правила: каждая ветвь (coverage)",
                ["coverage", "report", "--include=services/domain/*", "--fail-under=100"],
            )
        )
    return found


def main(arguments: list[str]) -> int:
    """Выполняет все шаги до конца и печатает итог; код 1 — хоть один шаг не прошёл."""
    parser = Arguments(prog="manage.py test", description="Все проверки; лишние ключи — для pytest.")
    parser.add_argument("--fast", action="store_true", help="без браузера, настоящих процессов и Windows")
    options, extra = parser.parse_ours(arguments)
    if extra and (refusal := refused(extra)):
        parser.error(refusal)
    RECORD.unlink(missing_ok=True)
    shutil.rmtree(WINDOWS, ignore_errors=True)
    results = [(step, *_run(step)) for step in steps(options.fast, extra)]
    print("\nИтог:")
    for step, code, seconds, _ in results:
        print(f"  {'прошло' if code == 0 else 'НЕ ПРОШЛО':<10} {step.name} ({seconds:.0f} с)")
    closing = next((line for *_, line in results if line), "")
    print(closing)
    _tell_protocol(measured=not options.fast and not extra)
    return int(any(code for _, code, *_ in results))


def refused(extra: Sequence[str]) -> str:
    """Возвращает, чем ключи не понравились pytest: спросить его дешевле, чем узнать после долгих проверок."""
    command = [sys.executable, "-m", "pytest", "--markers", *extra]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    found = re.findall(r"error: (.+)", asked.stderr)
    return in_russian(found[0]) if asked.returncode and found else ""


def _tell_protocol(measured: bool) -> None:
    from cli.docs.protocol import add_coverage, write_protocol

    target = RECORD.with_name("protocol.md")
    if RECORD.exists():
        add_coverage(RECORD, _coverage() if measured else "")
        write_protocol(RECORD, target)
        print(f"Протокол испытаний: {target.relative_to(ROOT)}")


def _coverage() -> str:
    """Возвращает покрытие кода в процентах; не мерилось — пустую строку."""
    command = [sys.executable, "-m", "coverage", "report", "--format=total"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return found if (found := done.stdout.strip()).isdigit() else ""


def _run(step: Step) -> tuple[int, float, str]:
    """Выполняет шаг, показывая его вывод; возвращает код, секунды и заключительную строку pytest."""
    print(f"\n── {step.name} " + "─" * max(4, 70 - len(step.name)), flush=True)
    started, closing = time.monotonic(), ""
    with subprocess.Popen(
        _command(step.command),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=_environment(),
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if found := CLOSING.match(line.strip()):
                closing = f"=== {found[1]} ==="
    return process.returncode, time.monotonic() - started, closing


def _command(command: Sequence[str]) -> list[str]:
    if command[0] == "importlinter":
        return [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as run; run()",
        ]
    return [sys.executable, "-m", *command]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1"}
