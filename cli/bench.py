"""Замеры: ``python manage.py bench [имя] [ключи]``."""

import argparse
import ast
import importlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.arguments import Arguments

BENCHES: Mapping[str, str] = {
    "all": "все замеры по порядку с настройками задания, затем report; --quick — короче",
    "faults": "кампания сбоев: дни клиники, потери и восстановление",
    "growth": "секунды и запросы с ростом филиалов и приёмов; что кончится первым",
    "kills": "kill −9 узла посреди двухсот отправок, тридцать раз",
    "latency": "от выборки до сделки: пять филиалов разом за одним адресом и за пятью",
    "mutants": "порча кода: какие искажения проверки замечают; часы, нужны списки проверок",
    "node": "память, процессор и запуск узла, Flower и Redis",
    "outage": "сети нет десять минут взаправду",
    "plan-lookup": "ответ вкладке плана: в покое и во время отправки 200 приёмов",
    "recovery": "восстановление после одного сбоя, сроки рабочие",
    "report": "docs/performance.md и графики из записанных итогов",
    "soak": "выносливость: 72 часа циклов в ускоренном ходе, наклон памяти",
    "sql": "время страницы из 50 приёмов на базе за десять лет",
    "throughput": "секунды и запросы на N приёмов рядом с другими клиентами",
}
#: Эти сами ничего не меряют.
SUMMARIES = frozenset({"all", "report"})


def main(arguments: list[str]) -> int:
    """Выполняет названный замер, а без имени — показывает список."""
    parser = Arguments(
        prog="manage.py bench",
        description="Замеры; итоги — таблицей на экран и в var/bench/*.json.",
        epilog="Ключи замера: python manage.py bench ИМЯ --help",
        add_help=False,
    )
    parser.add_argument("name", nargs="?", metavar="ИМЯ", choices=sorted(BENCHES), help="какой замер")
    if not arguments or arguments[0] in ("-h", "--help"):
        parser.print_help()
        print("\n" + "\n".join(f"  {name:<12}{text}" for name, text in BENCHES.items()))
        return 0
    name = parser.parse_args(arguments[:1]).name
    if not {"-h", "--help"}.isdisjoint(arguments):
        keys_of(name).print_help()
        return 0
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    return int(importlib.import_module(f"bench.{module_of(name)}").main(arguments[1:]))


def module_of(name: str) -> str:
    """Возвращает модуль замера: ``all`` — слово Python, поэтому он живёт под другим именем."""
    return "every" if name == "all" else name.replace("-", "_")


def keys_of(name: str) -> argparse.ArgumentParser:
    """Возвращает ключи замера, выполнив из его модуля лишь то, чему не нужны зависимости.

    Замеры грузят клиентов портала, Redis и графики, а справка не должна ничего ставить.
    """
    path = Path(__file__).resolve().parents[1] / "bench" / f"{module_of(name)}.py"
    source = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": name, "__file__": str(path), "__doc__": ast.get_docstring(source)}
    for line in source.body:
        with suppress(ImportError, NameError):
            exec(compile(ast.Module([line], []), str(path), "exec"), names)
    parser: argparse.ArgumentParser = names["parser"]()
    return parser
