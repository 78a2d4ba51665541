"""Пакет поставки: ``python manage.py package``."""

import argparse
import sys
from pathlib import Path

from cli.arguments import Arguments

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTION = """Собирает пакет поставки для этой операционной системы: программу, которой не нужен Python,
установщик и документы, — в папку dist и в архив рядом. Сборка для Windows делается на Windows."""


def main(arguments: list[str]) -> int:
    """Собирает пакет; код 1 — не собрался."""
    options = parser().parse_args(arguments)
    from deploy.package.bundle import BuildError
    from installer.supplies import SupplyError

    try:
        return build(options)
    except (BuildError, SupplyError) as error:
        print(error, file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py package", description=DESCRIPTION)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="куда положить пакет (dist)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "package", help="папка сборки")
    parser.add_argument(
        "--supplies", type=Path, metavar="ПАПКА", help="папка с чужими программами для Windows (WinSW, Redis)"
    )
    parser.add_argument(
        "--advisories", type=Path, metavar="ФАЙЛ", help="архив известных уязвимостей OSV (PyPI/all.zip)"
    )
    return parser


def check_advisories(dump: Path | None) -> None:
    """Сверяет состав с известными уязвимостями; нашлись — BuildError, сверять не с чем — громко говорит."""
    from deploy.package.advisories import NOT_CHECKED, known
    from deploy.package.bill import libraries
    from deploy.package.bundle import BuildError

    if dump is None:
        print(NOT_CHECKED, file=sys.stderr)
        return
    told = known(libraries(ROOT / "requirements" / "package.lock"), dump)
    if told.found:
        raise BuildError("Известные уязвимости пакета:\n" + "\n".join(told.found))
    print(f"Известных уязвимостей в составе нет; сведения на {told.as_of}.")


def build(options: argparse.Namespace) -> int:
    from config.version import version
    from deploy.package.archive import archive_name, assemble, pack
    from deploy.package.bundle import build_program
    from deploy.package.supplies import gather

    check_advisories(options.advisories)
    found, missing = gather(options.supplies)
    print("Собираю программу (минуты две) …", file=sys.stderr, flush=True)
    program = build_program(ROOT, options.work)
    folder = options.output / archive_name(version())
    assemble(ROOT, program, found, folder, sys.platform)
    archive = pack(folder, folder.parent / f"{folder.name}.zip")
    print(f"Пакет: {folder}  {_megabytes(folder)} МБ")
    print(f"Архив: {archive}  {archive.stat().st_size / 1e6:.0f} МБ")
    if sys.platform == "win32":
        for supply in missing:
            print(f"В пакет не вошёл {supply.file}: {supply.title}. Взять: {supply.source}; ключ --supplies.")
    return 0


def _megabytes(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)
