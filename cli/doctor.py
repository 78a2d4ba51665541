"""Осмотр установки: ``python manage.py doctor [--json]``."""

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.console import coloured
from cli.session import add_config, chosen_file, unfinished
from config.loader import ConfigError, load_settings
from services.advice import Front

if TYPE_CHECKING:
    from services.doctor.findings import Finding

DESCRIPTION = """Проверяет всё, от чего зависит работа: компьютер, права файлов, Redis, службу, базы Ident,
портал. Ничего не меняет. Каждая строка говорит, хорошо ли это, и если нет — что сделать."""
MARKS = {"ok": "  ok  ", "warn": " warn ", "fail": " FAIL "}


def main(arguments: list[str]) -> int:
    """Осматривает установку; хоть один отказ — код 1."""
    parser = Arguments(prog="manage.py doctor", description=DESCRIPTION)
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="итог одной строкой JSON, для программ")
    options = parser.parse_args(arguments)
    if options.json:
        return _as_json(list(examined(options)))
    return _as_text(examined(options))


def examined(options: argparse.Namespace) -> Iterator["Finding"]:
    """Возвращает находки по мере осмотра; негодные настройки — единственная находка."""
    from services.doctor.findings import fail

    path = chosen_file(options)
    try:
        settings = load_settings(path)
    except ConfigError as error:
        yield fail("settings", str(error), unfinished(path) or "Исправьте файл настроек и повторите осмотр")
        return
    from services.container import build_services
    from services.doctor.findings import ok
    from services.doctor.run import Examination

    services = build_services(settings)
    try:
        yield ok("settings", f"настройки годны: {path}")
        yield from Examination(services, path).findings()
    finally:
        services.close()


def _as_json(findings: "list[Finding]") -> int:
    from services.doctor.findings import Level, worst

    level = worst(findings)
    print(json.dumps({"level": str(level), "findings": [f.as_dict() for f in findings]}, ensure_ascii=False))
    return int(level is Level.FAIL)


def _as_text(findings: "Iterable[Finding]") -> int:
    from services.doctor.findings import Level, worst

    seen: list[Finding] = []
    for finding in findings:
        if not seen or finding.group != seen[-1].group:
            print(f"\n{finding.group}")
        seen.append(finding)
        print(f"{_painted(str(finding.level))} {finding.text}")
        if finding.advice:
            print(f"        → {finding.told(Front.CONSOLE)}", flush=True)
    counts = {level: sum(finding.level is level for finding in seen) for level in Level}
    print(
        f"\nПроверено: {len(seen)}. Хорошо {counts[Level.OK]}, стоит взглянуть {counts[Level.WARN]}, "
        f"исправить {counts[Level.FAIL]}."
    )
    return int(worst(seen) is Level.FAIL)


def _painted(level: str) -> str:
    mark = f"[{MARKS[level]}]"
    colour = {"ok": 32, "warn": 33, "fail": 31}[level]
    return f"\033[{colour}m{mark}\033[0m" if coloured() else mark
