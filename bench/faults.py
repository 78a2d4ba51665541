"""Кампания сбоев: ``python manage.py bench faults`` — дни клиники под сбоями и таблица потерь."""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

from bench.campaign.losses import Losses
from bench.campaign.run import Day, play
from bench.tables import Table
from cli.arguments import Arguments, count

COLUMNS = {
    "missing": "потеряно",
    "doubled": "дважды",
    "contacts": "контактов дважды",
    "stale": "устарело",
    "backward": "назад",
    "manual": "ручных тронуто",
    "people": "людей в журналах",
}


def main(arguments: list[str]) -> int:
    """Проводит кампанию; код 0 — потерь нет и всё восстановилось."""
    options = parser().parse_args(arguments)
    if options.smoke:
        options.seeds, options.rounds, options.faults, options.visits = 1, 1, 1, 2
        options.kinds = "перезапуск Redis"
    days = []
    for seed in range(options.first, options.first + options.seeds):
        day = _day(seed, options)
        days.append(day)
        print(_line(day), flush=True)
        if options.json:
            options.json.write_text(json.dumps([_record(day) for day in days], ensure_ascii=False, indent=1))
    table_of(days).finish(options.out)
    return 0 if all(day.losses.none for day in days) else 1


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(
        prog="manage.py bench faults", description="День клиники под сбоями: потери и восстановление."
    )
    parser.add_argument("--seeds", type=count, default=20, help="сколько дней (20)")
    parser.add_argument("--first", type=int, default=1, help="первое зерно (1)")
    parser.add_argument("--rounds", type=count, default=3, help="кругов в дне (3)")
    parser.add_argument("--faults", type=count, default=9, help="сбоев в круге (9)")
    parser.add_argument("--visits", type=count, default=12, help="приёмов на филиал (12)")
    parser.add_argument("--kinds", default="", metavar="СЛОВО", help="только сбои с этим словом в имени")
    parser.add_argument("--keep", type=Path, metavar="ПАПКА", help="оставить журналы и базы дней в папке")
    parser.add_argument("--json", type=Path, metavar="ФАЙЛ", help="записать итоги дней в файл")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _day(seed: int, options: argparse.Namespace) -> Day:
    plan = (seed, options.rounds, options.faults, options.visits, options.kinds)
    if options.keep:
        return play(options.keep / f"day-{seed}", *plan)
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        return play(Path(folder), *plan)


def _record(day: Day) -> dict[str, object]:
    """Возвращает день для файла: Counter asdict испортил бы."""
    return {**asdict(replace(day, faults=Counter())), "faults": dict(day.faults)}


def _line(day: Day) -> str:
    lost = " ".join(f"{COLUMNS[name]} {value}" for name, value in asdict(day.losses).items() if value)
    return (
        f"день {day.seed:>3}, {day.topology:<13} сбоев {day.faults.total():>3}, событий {day.events:>3}, "
        f"сделок {day.receptions:>3}, перезапусков {day.restarts:>2}, "
        f"восстановление до {max(day.recovery[1:], default=0):>5.1f} с: {lost or 'потерь нет'}"
        + "".join(f"\n     {difference}" for difference in day.differences[:10])
    )


def table_of(days: list[Day]) -> Table:
    """Возвращает таблицу кампании; сбои по видам — в примечаниях."""
    kinds = sum((day.faults for day in days), Counter[str]())
    losses = sum((day.losses for day in days), Losses())
    waits = sorted(wait for day in days for wait in day.recovery[1:])
    table = Table("faults", "Кампания сбоев: потери и восстановление")
    table.add(
        дней=len(days),
        сбоев=kinds.total(),
        событий=sum(day.events for day in days),
        сделок=sum(day.receptions for day in days),
        **{title: getattr(losses, name) for name, title in COLUMNS.items()},
        **{
            "p95, с": waits[int(len(waits) * 0.95)] if waits else 0.0,
            "худшее, с": max(waits, default=0.0),
        },
    )
    table.notes += [f"{name}: {count}" for name, count in kinds.most_common()]
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
