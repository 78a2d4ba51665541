"""Замеры: ``python manage.py bench [имя] [ключи]``."""

import argparse
import importlib
from pathlib import Path

BENCHES = {
    "growth": "секунды и запросы с ростом филиалов и приёмов; что кончится первым",
    "latency": "от выборки до сделки: пять филиалов разом за одним адресом и за пятью",
    "node": "память, процессор и запуск узла, Flower и Redis; выносливость",
    "plan-lookup": "ответ вкладке плана: в покое и во время отправки 200 приёмов",
    "sql": "время страницы из 50 приёмов на базе за десять лет",
    "throughput": "секунды и запросы на N приёмов рядом с другими клиентами",
}


def main(arguments: list[str]) -> int:
    """Выполняет названный замер, а без имени — показывает список."""
    parser = argparse.ArgumentParser(
        prog="manage.py bench",
        description="Замеры; итоги — таблицей на экран и в var/bench/*.json.",
        epilog="Ключи замера: python manage.py bench ИМЯ --help",
        add_help=False,
    )
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES))
    if not arguments or arguments[0] in ("-h", "--help"):
        parser.print_help()
        print("\n" + "\n".join(f"  {name:<12}{text}" for name, text in BENCHES.items()))
        return 0
    name = parser.parse_args(arguments[:1]).name
    Path("var/bench").mkdir(parents=True, exist_ok=True)
    return int(importlib.import_module(f"bench.{name.replace('-', '_')}").main(arguments[1:]))
