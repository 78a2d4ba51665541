"""Страницы узла отдельным процессом: ``python manage.py web``."""

import sys

from cli.arguments import Arguments
from cli.session import add_config, chosen_file
from cli.stopping import stopping
from config.loader import load_settings


def main(arguments: list[str]) -> int:
    """Открывает страницы и работает до Ctrl+C; нечего показывать — код 2."""
    parser = Arguments(
        prog="manage.py web",
        description="Страница наблюдения и ответы вкладке «План лечения» отдельным процессом: "
        "внутри узла их запускает run.",
    )
    add_config(parser)
    settings = load_settings(chosen_file(parser.parse_args(arguments)))

    from services.container import build_services
    from services.journal.process import start_journal
    from services.web.server import Servers, ServingError
    from tasks.hands import give_hands
    from tasks.memory import keep_one_arena, keep_settled
    from tasks.pages import sites

    keep_one_arena()
    keep_settled()
    start_journal(settings)
    services = build_services(settings)
    give_hands(services)
    pages = sites(services)
    if not pages:
        print("Показывать нечего: заполните раздел application или web.enabled = true.", file=sys.stderr)
        return 2
    try:
        with Servers(pages) as servers, stopping() as stopped:
            print("\n".join(f"Открыто: {address}" for address in servers.addresses), flush=True)
            while not stopped.wait(1.0):
                pass
    except ServingError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        services.close()
    return 0
