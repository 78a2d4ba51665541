"""Таблицы документов из кода: ``python manage.py docs``."""

import argparse
import sys
from pathlib import Path

RECORD = Path(__file__).resolve().parents[2] / "var" / "protocol" / "run.json"

DESCRIPTION = """Переделывает таблицы документов по коду: настройки, поля сделки, стадии, расписание, команды.
Меняется только то, что стоит между строками «<!-- таблица … -->» и «<!-- конец -->»."""


def main(arguments: list[str]) -> int:
    """Переделывает таблицы; с ``--check`` — только сверяет, код 1 — есть устаревшие."""
    parser = argparse.ArgumentParser(prog="manage.py docs", description=DESCRIPTION)
    parser.add_argument("--check", action="store_true", help="ничего не писать, назвать устаревшие документы")
    parser.add_argument(
        "--protocol",
        type=Path,
        metavar="ФАЙЛ",
        help="составить в этот файл протокол испытаний по записи последнего прогона (var/protocol/run.json)",
    )
    options = parser.parse_args(arguments)
    if options.protocol:
        return _write_protocol(options.protocol)
    from cli.docs.blocks import ROOT, stale_documents, write_documents

    if not options.check:
        for path in write_documents(ROOT):
            print(f"Переделан {path}")
        return 0
    stale = stale_documents(ROOT)
    for path in stale:
        print(f"Устарел {path}: выполните python manage.py docs")
    return 1 if stale else 0


def _write_protocol(target: Path) -> int:
    from cli.docs.protocol import write_protocol

    if not RECORD.exists():
        print("Прогона ещё не было: выполните python manage.py test.", file=sys.stderr)
        return 2
    write_protocol(RECORD, target)
    print(f"Протокол испытаний: {target}")
    return 0
