"""Первая установка на странице: узел без настроек показывает только её, пока там не начнут обмен."""

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.stopping import stopping
from config import first_run
from config.loader import ConfigError, opened, read_raw
from config.models import JournalSettings, MonitorSettings
from config.schema import secret_values

if TYPE_CHECKING:
    from starlette.applications import Starlette

CODE = "python manage.py config code"


def finish_in_browser(path: Path) -> bool:
    """Показывает страницу установки; True — обмен велели начать, False — узел остановили."""
    from services.web.server import Servers, ServingError, Site

    first_run.begin(path)
    _keep_journal(path)
    begun = threading.Event()
    site = Site(lambda: first_run_app(path, begun.set), "127.0.0.1", _port(path), name="первая установка")
    try:
        with stopping() as stopped, Servers([site]) as servers:
            introduce(path, servers.addresses[0])
            while not (begun.wait(0.5) or stopped.is_set()):
                pass
    except ServingError as error:
        raise ConfigError(str(error)) from None
    return begun.is_set()


def first_run_app(path: Path, start: Any) -> "Starlette":
    from starlette.routing import Route

    from monitoring.app import guarded
    from monitoring.entrance import Entrance, FilePassword, session_key
    from monitoring.setup.app import SettingsPages
    from monitoring.setup.editor import SettingsEditor
    from services.journal.events import SECURITY, EventLogger
    from services.journal.summing import SummedRefusals

    journal = EventLogger(SECURITY)
    refusals = SummedRefusals(journal)
    key = session_key(path)
    entrance = Entrance(FilePassword(path), lambda: session_key(path, lambda: key), refusals)
    pages = SettingsPages(entrance, SettingsEditor(path, journal), start)
    return guarded([Route("/login", entrance.enter, methods=["GET", "POST"]), *pages.routes()], refusals)


def introduce(path: Path, address: str) -> None:
    """Говорит, где заканчивают установку и откуда взять код.

    Код видит лишь тот, кто запустил узел в своём окне: в выводе службы он остался бы в её журнале.
    """
    print(f"Установку заканчивают в браузере на этом компьютере: {address}", flush=True)
    if not first_run.has_code(path) and not _section(path, "monitor").get("password"):
        seen = f"страницы: {first_run.new_code(path)}" if sys.stdout.isatty() else f"выдаст команда: {CODE}"
        print(f"Одноразовый код {seen}", flush=True)


def _keep_journal(path: Path) -> None:
    from config.models import Settings
    from services.journal.configure import configure_journal

    raw = _raw(path)
    settings = JournalSettings.model_validate(raw.get("journal", {}))
    configure_journal(settings, secrets=[text for _, text in secret_values(raw, Settings)])


def _port(path: Path) -> int:
    return MonitorSettings.model_validate(_section(path, "monitor")).port


def _section(path: Path, name: str) -> dict[str, Any]:
    section = _raw(path).get(name, {})
    return section if isinstance(section, dict) else {}


def _raw(path: Path) -> dict[str, Any]:
    return opened(read_raw(path), path.parent) if path.exists() else {}
