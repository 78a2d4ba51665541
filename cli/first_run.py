"""Первая установка на странице: узел без настроек показывает только её, пока там не начнут обмен."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import first_run
from config.loader import ConfigError, opened
from config.models import JournalSettings, MonitorSettings
from config.schema import secret_values

if TYPE_CHECKING:
    from starlette.applications import Starlette

SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def finish_in_browser(path: Path) -> bool:
    """Показывает страницу установки; True — обмен велели начать, False — узел остановили."""
    from services.web.server import Servers, ServingError, Site

    first_run.begin(path)
    _keep_journal(path)
    begun, stopped = threading.Event(), threading.Event()
    former = {name: signal.signal(name, lambda *_: stopped.set()) for name in _signals()}
    site = Site(lambda: first_run_app(path, begun.set), "127.0.0.1", _port(path), name="первая установка")
    try:
        with Servers([site]) as servers:
            _introduce(path, servers.addresses[0])
            # На Windows ожидание без срока не прерывается сигналом.
            while not (begun.wait(0.5) or stopped.is_set()):
                pass
    except ServingError as error:
        raise ConfigError(str(error)) from None
    finally:
        for name, handler in former.items():
            signal.signal(name, handler)
    return begun.is_set()


def first_run_app(path: Path, start: Any) -> "Starlette":
    """Собирает приложение первой установки."""
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


def _introduce(path: Path, address: str) -> None:
    print(f"Установку заканчивают в браузере на этом компьютере: {address}", flush=True)
    if not first_run.has_code(path) and not _section(path, "monitor").get("password"):
        print(f"Одноразовый код страницы: {first_run.new_code(path)}", flush=True)


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
    import tomllib

    from config.loader import read_text

    try:
        return opened(tomllib.loads(read_text(path)), path.parent) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Файл настроек {path} написан с ошибкой: {error}") from None


def _signals() -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [getattr(signal, name, None) for name in SIGNALS]
    return [name for name in known if name is not None]
