"""Таблицы документов из кода: ``python manage.py docs``."""

import argparse

DESCRIPTION = """Переделывает таблицы документов по коду: настройки, поля сделки, стадии, расписание, команды.
Меняется только то, что стоит между строками «<!-- таблица … -->» и «<!-- конец -->»."""


def main(arguments: list[str]) -> int:
    """Переделывает таблицы; с ``--check`` — только сверяет, код 1 — есть устаревшие."""
    parser = argparse.ArgumentParser(prog="manage.py docs", description=DESCRIPTION)
    parser.add_argument("--check", action="store_true", help="ничего не писать, назвать устаревшие документы")
    options = parser.parse_args(arguments)
    from cli.docs.blocks import ROOT, stale_documents, write_documents

    if not options.check:
        for path in write_documents(ROOT):
            print(f"Переделан {path}")
        return 0
    stale = stale_documents(ROOT)
    for path in stale:
        print(f"Устарел {path}: выполните python manage.py docs")
    return 1 if stale else 0
