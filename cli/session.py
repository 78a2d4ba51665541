"""Общее для команд: настройки, службы, филиалы, сообщения узлу."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.first_run import is_pending
from config.loader import CONFIG_VARIABLE, ConfigError, load_settings, settings_file
from config.rights import account_name

if TYPE_CHECKING:
    from services.container import Services

#: Дольше узел признаков жизни не подаёт только мёртвый или зависший.
SILENT = timedelta(minutes=2)


def unfinished(path: Path) -> str:
    """Возвращает, где заканчивают начатую в браузере установку; не начата или закончена — пусто."""
    if not (path.exists() and is_pending(path)):
        return ""
    from installer.settings import page_of

    return f"Установку ещё не закончили: закончите её в браузере этого компьютера, {page_of(path)}"


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="ФАЙЛ", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")


def add_branch(parser: argparse.ArgumentParser, many: bool = True) -> None:
    parser.add_argument(
        "--branch",
        metavar="F1",
        action="append" if many else "store",
        required=not many,
        help="филиал" + (" (можно несколько раз; по умолчанию все)" if many else ""),
    )


@contextmanager
def opened_services(options: argparse.Namespace) -> Iterator["Services"]:
    """Открывает службы и журналы команды; соединения открываются по надобности, всё закрывается в конце."""
    from services.container import build_services
    from services.journal.configure import stop_journal
    from services.journal.process import start_command_journal

    settings = load_settings(chosen_file(options))
    start_command_journal(settings)
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()
        stop_journal()


def chosen_file(options: argparse.Namespace) -> Path:
    """Возвращает файл настроек команды и называет его остальной программе."""
    path = settings_file(options.config)
    os.environ[CONFIG_VARIABLE] = str(path)
    return path


def administrator() -> str:
    """Возвращает имя того, кто выполняет команду, для журнала безопасности."""
    return account_name()


def chosen_branches(services: "Services", wanted: Sequence[str] | None) -> list[str]:
    """Возвращает коды филиалов: названные или все; незнакомый — ConfigError."""
    known = [branch.branch_id for branch in services.settings.branches]
    if unknown := sorted(set(wanted or ()) - set(known)):
        raise ConfigError(
            f"Нет филиала {', '.join(unknown)}: в настройках описаны {', '.join(known)} (ключ --branch)."
        )
    return [branch for branch in known if not wanted or branch in wanted]


def living_nodes(services: "Services") -> list[str]:
    """Возвращает узлы, недавно подававшие признаки жизни."""
    return sorted(node for node, age in services.store.pulse.ages().items() if age < SILENT)


def agreed(question: str) -> bool:
    """Спрашивает да или нет; ответить некому — нет."""
    try:
        return input(f"{question} [да/нет] ").strip().lower() in ("да", "д", "yes", "y")
    except EOFError:
        return False


def local(moment: datetime) -> str:
    """Возвращает время для человека: по часам этого компьютера."""
    return moment.astimezone().strftime("%d.%m.%Y %H:%M:%S")
