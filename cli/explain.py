"""История записи: ``python manage.py explain F1_12345``."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from cli.arguments import Arguments, count
from cli.session import add_config, opened_services
from services.advice import Front, worded

if TYPE_CHECKING:
    from services.container import Services
    from services.journal.reading import Line
    from services.sync.story import Story

DESCRIPTION = """Рассказывает об одной записи: что сейчас в Ident, что решило каждое правило и по какому
пункту ТЗ, почему сделка стоит, где стоит, что записано в журналах и что будет дальше. Людей показывает
первыми буквами, ничего не меняет и не хранит. Номер — записи (F1_12345), приёма, сделки или карты."""


def main(arguments: list[str]) -> int:
    """Выполняет команду; код 1 — не нашлось или нашлось несколько."""
    options = parser().parse_args(arguments)
    with opened_services(options) as services:
        return explain(services, options)


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py explain", description=DESCRIPTION)
    add_config(parser)
    parser.add_argument("number", metavar="F1_12345", help="номер записи, приёма, сделки или карты")
    parser.add_argument(
        "--lines", type=count, default=30, metavar="N", help="строк журналов не больше N (30)"
    )
    return parser


def explain(services: "Services", options: argparse.Namespace) -> int:
    """Печатает историю найденной записи; нашлось несколько — список."""
    hits, trouble = services.search(options.number)
    for told in trouble:
        print(told, file=sys.stderr)
    if len(hits) == 1:
        uid = hits[0].uid
        print(
            "\n".join(
                lines(services.story(uid), services.life(uid, options.lines), services.settings.rules.zone)
            )
        )
        return 0
    if not hits:
        print(f"По номеру «{options.number}» ничего не нашлось: ни приёма, ни сделки, ни карты.")
    for hit in hits:
        print(f"{hit.uid}  ({hit.via})")
    return 1


def lines(story: "Story", life: "Sequence[Line]", zone: tzinfo) -> Iterator[str]:
    from services.domain.mapping import LABELS

    deal = f", сделка {story.deal_id}" if story.deal_id else ""
    yield f"{story.uid}, {story.branch}{deal}" + (" (по ключу, не доказано)" if story.unproven else "")
    yield "\nЧто дальше:"
    for step in story.next:
        yield f"  {step.told}" + (f". {worded(step.advice, Front.CONSOLE)}" if step.advice else "")
    yield from (f"  {told}" for told in story.trouble)
    yield "\nЧто решили правила:"
    for fact in story.facts:
        yield f"  {MARKS[fact.tone]} {fact.rule}: {fact.told} [{fact.paragraph}]"
    if story.held:
        yield "\nСейчас в Ident:"
        yield from (f"  {title}: {value}" for title, value in story.held)
    if story.rows:
        yield "\nПоля сделки (Ident | портал):"
        for row in story.rows:
            note = f"  ← {row.note}" if row.note else ""
            yield f"  {LABELS[row.field]}: {row.ident} | {row.portal}{note}"
    yield "\nЖизнь записи по журналам:" if life else "\nВ журналах о ней ничего."
    yield from (f"  {line.at.astimezone(zone):%d.%m.%Y %H:%M:%S} {line.kind}: {line.told}" for line in life)


MARKS = {"good": "+", "note": "!", "bad": "✕"}
