"""Документы: таблицы из кода, сайт, снимки экрана — ``python manage.py docs``."""

import argparse
import sys
from pathlib import Path

from cli.arguments import Arguments

RECORD = Path(__file__).resolve().parents[2] / "var" / "protocol" / "run.json"

DESCRIPTION = """Без ключей переделывает таблицы документов по коду: настройки, поля сделки, стадии,
расписание, команды; меняется только то, что стоит между строками «<!-- таблица … -->» и «<!-- конец -->».
С --site собирает документы в сайт, который читается с диска без сети; с --screenshots снимает картинки
с демонстрации; с --protocol составляет протокол испытаний по записи последнего прогона test."""


def main(arguments: list[str]) -> int:
    """Выполняет названное; код 1 — документы устарели, 2 — сделать нельзя, причина названа."""
    options = parser().parse_args(arguments)
    if options.screenshots is not None:
        return _screenshots(options.screenshots)
    if options.protocol is not None:
        return _protocol(options.protocol)
    if options.site is not None:
        return _site(options.site, options.plain)
    return _check() if options.check else _tables()


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py docs", description=DESCRIPTION)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="ничего не писать, назвать устаревшие документы")
    action.add_argument("--site", type=Path, metavar="ПАПКА", help="собрать сайт документов")
    action.add_argument(
        "--screenshots",
        type=Path,
        nargs="?",
        const=Path("docs/images"),
        metavar="ПАПКА",
        help="снять картинки с демонстрации (docs/images); около трёх минут, нужен Chromium",
    )
    action.add_argument("--protocol", type=Path, metavar="ФАЙЛ", help="составить протокол испытаний")
    parser.add_argument("--plain", action="store_true", help="с --site: схемы текстом, npm не звать")
    return parser


def _tables() -> int:
    from cli.docs.blocks import ROOT, write_documents

    for path in write_documents(ROOT):
        print(f"Переделан {path}")
    return 0


def _check() -> int:
    from cli.docs.blocks import ROOT, stale_documents

    stale = stale_documents(ROOT)
    for path in stale:
        print(f"Устарел {path}: выполните python manage.py docs")
    return 1 if stale else 0


def _protocol(target: Path) -> int:
    from cli.docs.protocol import write_protocol

    if not RECORD.exists():
        print("Прогона ещё не было: выполните python manage.py test.", file=sys.stderr)
        return 2
    write_protocol(RECORD, target)
    print(f"Протокол испытаний: {target}")
    return 0


def _site(folder: Path, plain: bool) -> int:
    from cli.docs.blocks import ROOT
    from cli.docs.site import SiteError, build_site, fetch_scripts

    scripts = None if plain else fetch_scripts(ROOT / "build" / "site-scripts")
    try:
        count = build_site(ROOT, folder.absolute(), scripts)
    except (SiteError, OSError) as error:
        print(error)
        return 2
    drawn = "нарисованы" if scripts else "показаны текстом, поиск с диска не работает (нет npm или сети)"
    print(f"Страниц: {count}, схемы {drawn}. Откройте {folder / 'index.html'}")
    return 0


def _screenshots(folder: Path) -> int:
    import tempfile

    from demo.shots.album import make_album

    print("Поднимаю демонстрацию и снимаю: около трёх минут.", flush=True)
    total = 0
    with tempfile.TemporaryDirectory(prefix="shots-") as work:
        for path in make_album(folder, Path(work) / "demo"):
            total += path.stat().st_size
            print(f"  {path} — {path.stat().st_size // 1024} КБ", flush=True)
    print(f"Всего {total / 1024 / 1024:.1f} МБ")
    return 0
