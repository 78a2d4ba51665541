"""Отказавшие записи: ``python manage.py failed list|show|requeue|export|drop``."""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cli.arguments import Arguments
from cli.session import (
    add_branch,
    add_config,
    administrator,
    chosen_branches,
    local,
    opened_services,
)
from monitoring.export import harmless
from services.advice import Front, worded
from services.domain.outbox import Entry, EntryState
from services.domain.reasons import Place, place_of, reason_of

if TYPE_CHECKING:
    from services.container import Services

DESCRIPTION = """Записи, которые не удалось отправить на портал: посмотреть, вернуть в очередь, выгрузить.
Безопасно рядом с работающим узлом: переходы записей неделимы."""
TITLES = ("Запись", "Состояние", "Попыток", "Поставлена", "Отказала или повтор", "Причина", "Что делать")
#: Сколько записей назвать в журнале безопасности.
NAMED = 20
STATES = {
    EntryState.PENDING: "ждёт",
    EntryState.IN_FLIGHT: "отправляется",
    EntryState.RETRY: "ждёт повтора",
    EntryState.DOUBT: "исход неясен",
    EntryState.FAILED: "отказ",
}


def main(arguments: list[str]) -> int:
    """Выполняет действие; код 1 — ничего подходящего не нашлось."""
    options = parser().parse_args(arguments)
    with opened_services(options) as services:
        return int(options.action(services, options))


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py failed", description=DESCRIPTION)
    listing, showing, requeue, export, drop = made = parser.actions(
        ("list", show_list, "показать отказавшие (--waiting — и ждущие повтора)"),
        ("show", show_entry, "показать одну запись целиком"),
        ("requeue", requeue_entries, "вернуть в очередь с начала попыток"),
        ("export", export_entries, "выгрузить в CSV для Excel"),
        ("drop", drop_entries, "забыть отказавшие, например приёмы, удалённые из Ident"),
    )
    for each in made:
        add_config(each)
    for each in (listing, requeue, export):
        add_branch(each)
        each.add_argument("--reason", metavar="КОД", help="только с этой причиной, например field_invalid")
    listing.add_argument("--waiting", action="store_true", help="показать и ждущие повтора")
    showing.add_argument("uid", metavar="F1_12345")
    requeue.add_argument("uids", nargs="*", metavar="F1_12345")
    requeue.add_argument("--all", action="store_true", help="вернуть все отказавшие")
    export.add_argument("format", choices=("csv",))
    export.add_argument("--to", type=Path, metavar="ФАЙЛ", help="файл (по умолчанию — на экран)")
    drop.add_argument("uids", nargs="+", metavar="F1_12345")
    return parser


def show_list(services: "Services", options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    states = {EntryState.FAILED, *((EntryState.RETRY, EntryState.DOUBT) if options.waiting else ())}
    entries = list(_entries(services, options, states))
    _show_gone(services, options)
    if not entries:
        print("Отказавших записей нет.")
        return 0
    table = Table(*TITLES)
    for entry in entries:
        table.add_row(*_cells(entry))
    Console().print(table)
    print(f"Всего: {len(entries)}. Вернуть в очередь: python manage.py failed requeue --all")
    return 0


def _show_gone(services: "Services", options: argparse.Namespace) -> None:
    """Печатает доставленные приёмы, которых больше нет в Ident: вернуть их некуда (постановление 32)."""
    rejections = services.store.links.rejections
    found = [one for branch in chosen_branches(services, options.branch) for one in rejections(branch)]
    gone = [
        one for one in found if place_of(one.reason) == Place.GONE and options.reason in (None, one.reason)
    ]
    if gone:
        print(f"Пропали из Ident ({len(gone)}):")
        for one in gone:
            print(f"  {one.uid:<12}{one.message} (с {local(one.at)})")


def show_entry(services: "Services", options: argparse.Namespace) -> int:
    """Печатает запись целиком: очередь, память о доставленном, отказ по данным."""
    from services.store.keys import branch_of

    branch_id = branch_of(options.uid)
    chosen_branches(services, [branch_id])
    entry = services.store.outbox.entry(options.uid)
    link = services.store.links.get([options.uid]).get(options.uid)
    rejections = services.store.links.rejections(branch_id)
    rejection = next((found for found in rejections if found.uid == options.uid), None)
    lines = list(zip(TITLES, _cells(entry), strict=True)) if entry else []
    lines += [("Сделка", str(link.deal_id or "ещё не создана"))] if link else []
    lines += [("Отклонена", f"{rejection.reason}: {rejection.message}")] if rejection else []
    for title, value in lines:
        print(f"{title + ':':<22}{value}")
    if not lines:
        print(f"О записи {options.uid} ничего не известно: в очереди её нет, доставленной она не числится.")
    return 0 if lines else 1


def requeue_entries(services: "Services", options: argparse.Namespace) -> int:
    if not (options.uids or options.all or options.branch or options.reason):
        print("Назовите записи или отбор: --all, --branch F1, --reason КОД.", file=sys.stderr)
        return 2
    chosen = list(options.uids) or [e.uid for e in _entries(services, options, {EntryState.FAILED})]
    count = services.store.outbox.requeue(chosen, services.clock.now())
    _note(services, "requeued", chosen, count)
    print(f"Возвращено в очередь: {count} из {len(chosen)}. Узел возьмёт их в ближайшие секунды.")
    if count < len(chosen):
        print("Остальных в отказе уже нет: они отправлены, отправляются или ждут своей очереди.")
    return 0 if count or not chosen else 1


def drop_entries(services: "Services", options: argparse.Namespace) -> int:
    count = services.store.outbox.drop(options.uids)
    _note(services, "failed_dropped", options.uids, count)
    print(f"Забыто: {count} из {len(options.uids)}. Изменится приём в Ident — запись появится снова.")
    return 0 if count else 1


def _note(services: "Services", event: str, uids: Sequence[str], count: int) -> None:
    """Записывает в журнал безопасности, кто и что распорядился сделать (СПЕЦ 3.4.3)."""
    listed = ",".join(uids[:NAMED]) + (f" и ещё {len(uids) - NAMED}" if len(uids) > NAMED else "")
    services.security_journal.info(event, who=administrator(), count=count, message=listed)


def export_entries(services: "Services", options: argparse.Namespace) -> int:
    """Выгружает отказавшие в CSV; людей в нём нет."""
    entries = list(_entries(services, options, {EntryState.FAILED}))
    if options.to is None:
        _write(sys.stdout, entries)
        return 0
    # Метка в начале файла: без неё Excel прочёл бы русский текст неверно.
    with options.to.open("w", encoding="utf-8-sig", newline="") as file:
        _write(file, entries)
    print(f"Выгружено записей: {len(entries)} → {options.to}")
    return 0


def _write(file: TextIO, entries: Sequence[Entry]) -> None:
    writer = csv.writer(file, delimiter=";")
    writer.writerow(TITLES)
    writer.writerows([harmless(cell) for cell in _cells(entry)] for entry in entries)


def _entries(services: "Services", options: argparse.Namespace, states: set[EntryState]) -> Iterator[Entry]:
    for branch in chosen_branches(services, options.branch):
        for state in sorted(states):
            found = services.store.outbox.entries(branch, state)
            yield from (e for e in found if options.reason in (None, e.reason))


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        entry.uid,
        STATES[entry.state],
        str(entry.attempts),
        local(entry.queued_at),
        local(entry.due_at),
        entry.reason,
        f"{entry.message}. {worded(reason_of(entry.reason).advice, Front.CONSOLE)}",
    )
