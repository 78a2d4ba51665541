"""Flower: только этот компьютер, вход по созданному паролю, история переживает перезапуск.

Flower показывает аргументы задач: в них только номера записей (ADR 0003).
"""

import contextlib
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import ConfigError, load_settings

if TYPE_CHECKING:
    from config.models import Settings

LOGIN = "ident"
PASSWORD_FILE = "flower.password"
#: Столбцы списка задач: запись (args) первой, неудача — с адресом её страницы.
COLUMNS = "args,state,exception,name,received,runtime,retries,worker"
SAVE_MILLISECONDS = 60_000
FORGET_WORKERS_SECONDS = 3600


def flower_options() -> dict[str, object]:
    """Возвращает настройки Flower и включает журнал отказов входа; негодные настройки — код 2."""
    try:
        settings = load_settings()
    except ConfigError as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(2) from None
    keep_refusals(settings)
    return options_of(settings)


def options_of(settings: "Settings") -> dict[str, object]:
    """Возвращает настройки Flower под его именами."""
    folder = settings.node.state_dir
    return {
        "address": "127.0.0.1",
        "port": settings.flower.port,
        "basic_auth": [f"{LOGIN}:{password(folder)}"],
        "persistent": True,
        "db": str(folder / "flower.db"),
        "state_save_interval": SAVE_MILLISECONDS,
        "tasks_columns": COLUMNS,
        "max_tasks": settings.flower.max_tasks,
        "purge_offline_workers": FORGET_WORKERS_SECONDS,
    }


def password(folder: Path) -> str:
    """Возвращает пароль Flower; нет или файл пуст — создаёт, доступным только владельцу."""
    path = folder / PASSWORD_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if known := _kept(path):
        return known
    # Пустой файл пустил бы с пустым паролем; поэтому новый появляется сразу целым.
    path.unlink(missing_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(secrets.token_urlsafe(15) + "\n")
    with contextlib.suppress(FileExistsError):  # другой процесс успел первым
        os.link(fresh, path)
    fresh.unlink()
    return _kept(path)


def _kept(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def keep_refusals(settings: "Settings") -> None:
    """Ведёт журналы процесса Flower; отказы входа — в журнал безопасности (СПЕЦ 3.4.3)."""
    from services.journal.process import start_journal

    start_journal(settings)
    logging.getLogger("tornado.access").addHandler(Refusals())


class Refusals(logging.Handler):
    """Отказы входа из журнала запросов tornado: «401 GET / (127.0.0.1) 1.05ms»."""

    def __init__(self) -> None:
        from services.journal.events import SECURITY, EventLogger
        from services.journal.summing import SummedRefusals

        super().__init__()
        self._refusals = SummedRefusals(EventLogger(SECURITY))

    def emit(self, record: logging.LogRecord) -> None:
        """Записывает отказ; первый заход браузера без пароля — тоже отказ."""
        text = record.getMessage()
        if text.startswith("401 "):
            client = text.partition("(")[2].partition(")")[0]
            self._refusals.refused("login_failed", client, page="flower")
