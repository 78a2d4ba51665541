"""Состояние интеграции: ``python manage.py state show|reset``."""

import argparse
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.session import add_branch, add_config, agreed, chosen_branches, living_nodes, local, opened_services
from services.domain.outbox import EntryState

if TYPE_CHECKING:
    from services.container import Services

DESCRIPTION = """Показывает, что интеграция помнит о филиалах, и заставляет её забыть. Забытое безвредно:
последние 7 дней прочтутся снова, каждая сделка найдётся по ключу приёма, ничего не удвоится."""
TURN = timedelta(seconds=20)
NAMES = {
    "pending": "ждут",
    "in_flight": "в пути",
    "retry": "повтор",
    "doubt": "исход неясен",
    "failed": "отказ",
}


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    with opened_services(options) as services:
        return int(options.action(services, options))


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py state", description=DESCRIPTION)
    show, reset = parser.actions(
        ("show", show_state, "показать курсоры, очередь, отправку, узлы и Redis"),
        ("reset", reset_state, "забыть курсор и доставленное филиала"),
    )
    for each in (show, reset):
        add_config(each)
        add_branch(each, many=each is show)
    reset.add_argument("--outbox", action="store_true", help="забыть и очередь отправки")
    reset.add_argument("--yes", action="store_true", help="не спрашивать")
    return parser


def show_state(services: "Services", options: argparse.Namespace) -> int:
    print(f"Время — по часам этого компьютера (UTC{datetime.now().astimezone():%z}).")
    for branch_id in chosen_branches(services, options.branch):
        print("\n".join(_branch(services, branch_id)))
    for line in (*_sending(services), *_nodes(services), *_redis(services)):
        print(line)
    return 0


def _branch(services: "Services", branch_id: str) -> list[str]:
    store, settings = services.store, services.settings
    cursor, notes = store.cursors.load(branch_id), store.stats.notes(branch_id)
    depth, seen = store.outbox.depth(branch_id), notes.get("last_success")
    counts = ", ".join(f"{NAMES.get(state, state)} {depth[state]}" for state in EntryState)
    read = f"прочитано по {local(cursor.at.replace(tzinfo=settings.rules.zone))}" if cursor else "не читали"
    extracted = local(datetime.fromisoformat(seen)) if seen else "не было"
    return [
        f"{branch_id} {settings.branch(branch_id).name}: {counts}",
        f"   {read}, последняя выборка: {extracted}",
        f"   последний сбой: {notes.get('last_error', '') or 'нет'}",
    ]


def _sending(services: "Services") -> list[str]:
    halt, wait = services.store.gate.halted(), services.store.gate.blocked_for(services.clock.now())
    if halt is not None:
        return [
            f"Отправка ОСТАНОВЛЕНА {local(halt.at)}: {halt.message} ({halt.reason}).",
            "  Исправьте причину и выполните: python manage.py portal resume (или смените вебхук).",
        ]
    if wait is not None:
        return [f"Отправка молчит ещё {wait.total_seconds():.0f} с: портал не отвечает, очередь цела."]
    return ["Отправка идёт."]


def _nodes(services: "Services") -> list[str]:
    ages, alive = services.store.pulse.ages(), living_nodes(services)
    if not alive:
        return ["Узлы: ни один не подаёт признаков жизни. Запустите: python manage.py run"]
    return [f"Узлы: {', '.join(f'{node} ({ages[node].total_seconds():.0f} с назад)' for node in alive)}"]


def _redis(services: "Services") -> list[str]:
    warnings = services.store.durability()
    return [f"Redis: {warning}" for warning in warnings] or [
        "Redis: журнал на диске включён, память не вытесняется."
    ]


def reset_state(services: "Services", options: argparse.Namespace) -> int:
    """Забывает курсор и доставленное филиала; идущая выборка дожидается."""
    (branch_id,) = chosen_branches(services, [options.branch])
    what = "курсор, доставленное и очередь отправки" if options.outbox else "курсор и доставленное"
    if not options.yes and not agreed(f"Забыть {what} филиала {branch_id}?"):
        print("Ничего не изменено.")
        return 1
    store = services.store
    with store.locks.hold(f"extract:{branch_id}", TURN, TURN * 2) as lease:
        if lease is None:
            print(f"Филиал {branch_id} сейчас читается, повторите позже.", file=sys.stderr)
            return 1
        store.cursors.reset(branch_id)
        store.links.reset(branch_id)
        if options.outbox:
            store.outbox.reset(branch_id)
    print(f"Состояние филиала {branch_id} забыто: ближайшая выборка прочтёт последние 7 дней.")
    return 0
