"""Страница задач Celery: ``python manage.py flower``."""

from pathlib import Path

from cli.arguments import Arguments
from cli.session import add_config, chosen_file
from cli.stopping import stopping
from config.apart import settle_settings
from config.first_run import is_pending
from config.loader import load_settings

LOOK_SECONDS = 2.0
CONFIG = Path(__file__).resolve().parents[1] / "flowerconfig.py"


def main(arguments: list[str]) -> int:
    """Открывает страницу и работает до Ctrl+C; то же, что ``celery -A tasks flower``."""
    parser = Arguments(
        prog="manage.py flower", description="Страница задач Celery, видная только с этого компьютера."
    )
    add_config(parser)
    path = chosen_file(parser.parse_args(arguments))
    if path.exists() and is_pending(path) and not finished(path):
        return 0
    settle_settings(path)
    load_settings(path)
    return _run()


def finished(path: Path) -> bool:
    """Ждёт, пока установку закончат на странице: до того настроек нет; False — остановили раньше."""
    print("Установку заканчивают в браузере: Flower откроется после.", flush=True)
    with stopping() as stopped:
        while is_pending(path) and not stopped.wait(LOOK_SECONDS):
            pass
        return not stopped.is_set()


def _run() -> int:
    """Зовёт команду Flower саму: общая команда celery грузит ещё 10 МБ, нужных только её оболочке."""
    from celery.bin.base import CLIContext
    from click import Command, Context
    from flower.command import flower

    from tasks.app import celery_app
    from tasks.memory import keep_one_arena, keep_settled

    keep_one_arena()
    celery_app.conf.include = ()  # самих задач Flower не исполняет, а весят они вместе со службами
    celery = Context(Command("celery"))
    keep_settled()
    flower.main(
        [f"--conf={CONFIG}"],
        standalone_mode=False,
        parent=celery,
        obj=CLIContext(celery_app, no_color=None, workdir=None),
    )
    return 0
