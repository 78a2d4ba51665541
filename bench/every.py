"""Все замеры по порядку: сбой одного не теряет остальных, прерванное продолжается ключом ``--resume``.

Долгие точки отсчёта (requests и SDK по одному вызову) почти не тратят процессора: они идут рядом с весом
узла, который меряется по своим процессам. Остальное — по одному: машина должна быть свободна.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.tables import RESULTS
from cli.arguments import Arguments

ROOT = Path(__file__).resolve().parent.parent
#: Итог моложе этого при --resume не переделывается.
FRESH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """Замер: его ключи, файл итога, ожидаемые минуты и можно ли вести его рядом со следующим."""

    bench: str
    keys: tuple[str, ...] = ()
    result: str = ""
    minutes: float = 1.0
    beside: bool = False

    @property
    def file(self) -> str:
        """Возвращает имя файла итога."""
        return f"{self.result or self.bench}.json"

    @property
    def title(self) -> str:
        """Возвращает замер словами команды."""
        return " ".join([self.bench, *self.keys])


FULL: Sequence[Step] = (
    Step("throughput", ("--slow",), "throughput-slow", 14, beside=True),
    Step("node", ("--idle", "10", "--load", "30"), minutes=15.5),
    Step("throughput", ("--size", "50", "200", "1000"), minutes=11),
    Step("latency", minutes=1),
    Step("growth", minutes=3),
    Step("sql", minutes=3),
    Step("plan-lookup", minutes=3.5),
    Step("soak", ("--cycles", "2160"), minutes=7.5),
)
QUICK: Sequence[Step] = (
    Step("node", ("--idle", "1", "--load", "4"), minutes=3),
    Step("throughput", ("--size", "50", "200"), minutes=6),
    Step("latency", minutes=1),
    Step("sql", minutes=3),
    Step("soak", ("--cycles", "300"), minutes=1.2),
)
FAULTS: Sequence[Step] = (
    Step("kills", minutes=3),
    Step("recovery", minutes=10),
    Step("outage", ("--minutes", "10"), minutes=13),
    Step("faults", ("--seeds", "20"), minutes=33),
)


def main(arguments: Sequence[str]) -> int:
    """Выполняет замеры и составляет отчёт; код — число неудавшихся."""
    options = parser().parse_args(arguments)
    steps = [*(QUICK if options.quick else FULL), *(FAULTS if options.faults else ())]
    if options.resume:
        steps = [step for step in steps if not fresh(options.out / step.file)]
    announce(steps)
    failed = run(steps, options.out)
    if not options.no_report:
        from bench.report import main as report

        report(["--results", str(options.out)])
    print("Не удались: " + ", ".join(failed) if failed else "Все замеры удались.", flush=True)
    return len(failed)


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench all", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="короче: около пятнадцати минут, без точек по одному"
    )
    parser.add_argument("--faults", action="store_true", help="ещё и долгие испытания сбоями (час)")
    parser.add_argument("--resume", action="store_true", help="не переделывать итоги моложе суток")
    parser.add_argument("--no-report", action="store_true", help="не составлять docs/performance.md")
    parser.add_argument("--out", type=Path, default=RESULTS, help="папка итогов (bench/results)")
    return parser


def announce(steps: Sequence[Step]) -> None:
    """Печатает, что будет и сколько минут займёт на свободных двух ядрах."""
    total = sum(step.minutes for step in steps if not step.beside)
    print(f"Замеров: {len(steps)}, около {total:.0f} минут на свободной машине с двумя ядрами.")
    for step in steps:
        print(f"  {step.title:<42}{step.minutes:>5.1f} мин{' — рядом со следующим' if step.beside else ''}")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if busy > 0.7:
        print(f"  Внимание: машина занята (нагрузка {busy:.1f}), времена выйдут хуже настоящих.")


def run(steps: Sequence[Step], out: Path) -> list[str]:
    """Выполняет замеры; возвращает неудавшиеся."""
    failed: list[str] = []
    aside: list[tuple[Step, subprocess.Popen[bytes]]] = []
    try:
        for number, step in enumerate(steps, 1):
            print(f"\n[{number}/{len(steps)}] {time.strftime('%H:%M:%S')} {step.title}", flush=True)
            process = start(step, out)
            if step.beside:
                aside.append((step, process))
                continue
            # Рядом идёт только то, что началось прямо перед этим замером.
            for one, running in [(step, process), *aside]:
                failed += [one.title] if running.wait() else []
            aside.clear()
        failed += [step.title for step, process in aside if process.wait()]
    except KeyboardInterrupt:
        print("\nПрервано. Продолжить: python manage.py bench all --resume", flush=True)
        for _, process in aside:
            process.terminate()
        raise SystemExit(130) from None
    return failed


def start(step: Step, out: Path) -> "subprocess.Popen[bytes]":
    """Запускает замер отдельным процессом: его память и сбой остаются при нём."""
    command = [sys.executable, "-m", "cli", "bench", step.bench, *step.keys, "--out", str(out)]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def fresh(path: Path) -> bool:
    """Отвечает, есть ли свежий итог."""
    if not path.is_file():
        return False
    at = json.loads(path.read_text(encoding="utf-8"))["machine"]["at"]
    return datetime.now(UTC) - datetime.fromisoformat(at) < FRESH
