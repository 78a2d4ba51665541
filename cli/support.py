"""Пакет для того, кто помогает: ``python manage.py support``."""

import argparse
from datetime import datetime
from pathlib import Path

from cli.arguments import Arguments
from cli.session import add_config, administrator, chosen_file, opened_services

DESCRIPTION = """Собирает один архив для того, кто помогает: осмотр, настройки без секретов, журналы, версии,
очередь в числах. Людей и секретов в нём нет; перечень — в самом архиве и на экране."""


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    from services.support import CONTENTS, collect

    path = options.to or Path(f"ident-bitrix-{datetime.now():%Y-%m-%d-%H%M}.zip")
    with opened_services(options) as services, path.open("xb") as file:
        collect(services, chosen_file(options), file)
        services.security_journal.info("support_collected", who=administrator())
    print(f"Собрано: {path.absolute()}. Внутри:")
    for name, told in CONTENTS.items():
        print(f"  {name:<14}{told}")
    return 0


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py support", description=DESCRIPTION)
    add_config(parser)
    parser.add_argument("--to", type=Path, metavar="ФАЙЛ", help="куда сложить (по умолчанию — рядом)")
    return parser
