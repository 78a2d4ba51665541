"""Служба на этом компьютере: ``python manage.py service install|update|uninstall|status|start|stop``."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Arguments

if TYPE_CHECKING:
    from installer.answers import Answers
    from installer.ports import Host
    from installer.talk import Terminal

DESCRIPTION = """Ставит интеграцию службой Windows или Linux, обновляет и удаляет её. Ставить надо из
распакованного пакета, с правами администратора; интернет не нужен. Настройки и данные лежат отдельно от
программы: обновление их не трогает, удаление — только с ключом --purge."""


def main(arguments: list[str]) -> int:
    """Выполняет действие; код 2 — его нельзя выполнить, причина названа."""
    from installer.ports import InstallError

    options = parser().parse_args(arguments)
    try:
        code: int = options.action(options)
        return code
    except InstallError as error:
        print(error, file=sys.stderr)
        return 2
    except EOFError:
        print(
            "Отвечать некому: запустите в окне или назовите файл ответов ключом --answers.", file=sys.stderr
        )
        return 2


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py service", description=DESCRIPTION)
    made = parser.actions(
        ("install", install, "поставить и запустить"),
        ("update", update, "перейти на версию этого пакета; осмотр ухудшился — вернуть прежнюю"),
        ("uninstall", uninstall, "удалить службы и программу"),
        ("status", status, "показать версию, службы и папки"),
        ("start", start, "запустить службы"),
        ("stop", stop, "остановить службы"),
    )
    for each in made:
        each.add_argument("--root", type=Path, help=argparse.SUPPRESS)
        each.add_argument("--account", help=argparse.SUPPRESS)
        each.add_argument("--package", type=Path, metavar="ПАПКА", help="папка распакованного пакета")
    installing, updating, removing, *_ = made
    installing.add_argument(
        "--rehearse", action="store_true", help="показать команды Windows, ничего не меняя"
    )
    installing.add_argument("--answers", type=Path, metavar="ФАЙЛ", help="файл ответов: не спрашивать")
    updating.add_argument("--again", action="store_true", help="поставить ту же версию снова")
    removing.add_argument("--purge", action="store_true", help="удалить и настройки, состояние, журналы")
    return parser


def install(options: argparse.Namespace) -> int:
    if options.rehearse:
        from installer.rehearsal import rehearse

        print("\n".join(rehearse()))
        return 0
    from installer.install import Installation
    from installer.package import find_package
    from installer.talk import Terminal

    talk, host = Terminal(), this_host(options)
    if options.answers is not None and (kept := host.layout.settings).exists():
        talk.say(f"Настройки уже есть, файл ответов не читаю: {kept} правят сам или на странице «Настройки».")
    package = find_package(options.package)
    return Installation(host, package, talk, lambda: _answers(options, talk, host)).run()


def update(options: argparse.Namespace) -> int:
    from installer.package import find_package
    from installer.talk import Terminal
    from installer.update import Update

    return Update(this_host(options), find_package(options.package), Terminal()).run(options.again)


def uninstall(options: argparse.Namespace) -> int:
    from installer.talk import Terminal
    from installer.uninstall import Removal

    return Removal(this_host(options), Terminal()).run(options.purge)


def status(options: argparse.Namespace) -> int:
    """Показывает, что стоит; код 1 — не все службы работают."""
    from installer.status import told

    lines, running = told(this_host(options))
    print("\n".join(lines))
    return 0 if running else 1


def start(options: argparse.Namespace) -> int:
    from installer.status import start_all

    start_all(this_host(options))
    return status(options)


def stop(options: argparse.Namespace) -> int:
    from installer.status import stop_all

    stop_all(this_host(options))
    return 0


def this_host(options: argparse.Namespace) -> "Host":
    from installer.commands import PLACES, run
    from installer.layout import linux_layout, windows_layout

    if sys.platform == "win32":
        from installer.windows import WindowsHost

        return WindowsHost(windows_layout(os.environ), run, partial(_supply, options))
    from installer.linux import ACCOUNT, REDIS_ACCOUNT, LinuxHost

    # Другой корень бывает только у проверок: там и программы системы свои.
    places = PLACES if options.root is None else os.environ.get("PATH", "")
    layout = linux_layout(options.root or Path("/"))
    accounts = (options.account, options.account) if options.account else (ACCOUNT, REDIS_ACCOUNT)
    return LinuxHost(layout, partial(run, places=places), accounts, places)


def _supply(options: argparse.Namespace, key: str) -> Path:
    from installer.package import find_package
    from installer.supplies import checked

    return checked(find_package(options.package).supplies, key)


def _answers(options: argparse.Namespace, talk: "Terminal", host: "Host") -> "Answers":
    from installer.answers import Answers, InstallChoices, read_answers
    from installer.sql_servers import drivers, find_servers
    from installer.wizard import Wizard

    if options.answers is not None:
        return read_answers(options.answers)
    if talk.agree("Остальное спросит страница в браузере. Закончить установку там?"):
        return Answers(install=InstallChoices(browser=True), settings={})
    return Wizard(talk, lambda: find_servers(host.run), drivers).answers()
