"""Синхронизация по команде: ``python manage.py sync --branch F1 [--now]`` и ``sync --dry-run --diff``."""

import argparse
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from cli.arguments import Arguments, count
from cli.session import add_branch, add_config, chosen_branches, living_nodes, opened_services
from tasks.hands import request_extracts

if TYPE_CHECKING:
    from services.container import Services
    from services.sync.preview import Foreseen

DESCRIPTION = """Просит узел прочитать изменения Ident прямо сейчас, не дожидаясь расписания (СПЕЦ 3.1.1).
С --dry-run ничего не пишет ни на портал, ни в Redis: только показывает, что изменилось бы."""
PATIENCE_SECONDS = 180.0
ACTIONS = {
    "create": "создать сделку",
    "update": "обновить сделку",
    "same": "сделка уже верна",
    "refuse": "отклонить",
}


def main(arguments: list[str]) -> int:
    """Выполняет команду; код 1 — узел не ответил."""
    options = parser().parse_args(arguments)
    if options.names and not sys.stdout.isatty():
        print("--names показывает людей только на экране: уберите перенаправление.", file=sys.stderr)
        return 2
    if options.diff and not options.dry_run:
        print("--diff показывает без записи: добавьте --dry-run.", file=sys.stderr)
        return 2
    with opened_services(options) as services:
        branches = chosen_branches(services, options.branch)
        return (
            _foresee(services, branches, options)
            if options.dry_run
            else _ask(services, branches, options.now)
        )


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py sync", description=DESCRIPTION)
    add_config(parser)
    add_branch(parser)
    parser.add_argument("--now", action="store_true", help="дождаться конца выборки и показать итог")
    parser.add_argument("--dry-run", action="store_true", help="ничего не писать, только показать")
    parser.add_argument("--diff", action="store_true", help="с --dry-run: показать поля до и после")
    parser.add_argument(
        "--limit", type=count, default=50, metavar="N", help="с --dry-run: не больше N приёмов (50)"
    )
    parser.add_argument(
        "--names", action="store_true", help="с --diff: показать людей полностью (только экран)"
    )
    return parser


def _ask(services: "Services", branches: list[str], wait: bool) -> int:
    """Ставит выборки в очередь узла; с ``wait`` дожидается их конца."""
    seen = {branch: services.store.stats.notes(branch).get("last_success") for branch in branches}
    request_extracts(branches)
    alive = living_nodes(services)
    print(f"Выборка поставлена в очередь: {', '.join(branches)}.")
    if not alive:
        print("Ни один узел не подаёт признаков жизни. Запустите: python manage.py run", file=sys.stderr)
        return 1
    return _await(services, seen) if wait else 0


def _await(services: "Services", seen: Mapping[str, str | None]) -> int:
    deadline, left = time.monotonic() + PATIENCE_SECONDS, dict(seen)
    while left and time.monotonic() < deadline:
        for branch in list(left):
            notes = services.store.stats.notes(branch)
            if notes.get("last_success") != left[branch]:
                del left[branch]
                print(f"{branch}: прочитано, в очереди отправки {services.store.outbox.size(branch)}.")
        time.sleep(0.3)
    for branch in left:
        error = services.store.stats.notes(branch).get("last_error") or "узел занят или филиал не его"
        print(f"{branch}: не дождались за {PATIENCE_SECONDS:.0f} с: {error}", file=sys.stderr)
    return 1 if left else 0


def _foresee(services: "Services", branches: list[str], options: argparse.Namespace) -> int:
    from collections import Counter

    if living_nodes(services):
        print("Узел работает: на время показа у базы Ident два соединения, его и это.", file=sys.stderr)
    counts: Counter[str] = Counter()
    with closing(_all_foreseen(services, branches)) as found:
        for number, item in enumerate(found, start=1):
            counts[item.action] += 1
            _show(item, options.diff, options.names)
            if number >= options.limit:
                print(f"… показаны первые {options.limit} (ключ --limit).")
                break
    total = ", ".join(f"{ACTIONS[action]}: {count}" for action, count in counts.items())
    print(f"Итого: {total or 'изменений нет'}. Ничего не записано.")
    return 0


def _all_foreseen(services: "Services", branches: list[str]) -> "Generator[Foreseen, None, None]":
    for branch in branches:
        yield from services.preview(branch).changes()


def _show(item: "Foreseen", diff: bool, names: bool) -> None:
    deal = f" {item.deal_id}" if item.deal_id else ""
    print(f"{item.uid}: {ACTIONS[item.action]}{deal}" + (f" — {item.reason}" if item.reason else ""))
    for change in item.changes if diff else ():
        before, after = change.shown(names)
        print(f"    {change.title}: {before} → {after}")
