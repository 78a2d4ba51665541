"""Секреты настроек: ``python manage.py secrets init|set|seal|rotate|list``."""

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from cli.arguments import Arguments
from cli.session import add_config, administrator, chosen_file
from config.loader import ConfigError

if TYPE_CHECKING:
    from config.models import Settings
    from config.vault import Vault

DESCRIPTION = """Хранит секреты настроек зашифрованными. Ключ лежит в отдельном файле, открытом только
учётной записи службы (на Windows он ещё и завёрнут DPAPI и на другом компьютере бесполезен)."""


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    from config.vault import Vault

    code: int = options.action(Vault(chosen_file(options)), options)
    return code


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py secrets", description=DESCRIPTION)
    made = parser.actions(
        ("init", init, "завести файл ключа"),
        ("set", put, "вписать секрет: ввод не виден на экране"),
        ("seal", seal, "зашифровать на месте секреты, записанные открыто"),
        ("rotate", rotate, "сменить ключ и перешифровать им все секреты"),
        ("list", show, "показать, какие секреты есть и как они лежат"),
    )
    for each in made:
        add_config(each)
    putting = made[1]
    putting.add_argument("name", metavar="ИМЯ", help="например portal.webhook или databases.D1.password")
    putting.add_argument("--stdin", action="store_true", help="прочесть секрет из ввода: для скриптов")
    return parser


def init(vault: "Vault", _: argparse.Namespace) -> int:
    made = vault.init()
    print(f"Файл ключа {'создан' if made else 'уже есть'}: {vault.key_file}")
    if made:
        print("Сохраните его копию в надёжном месте: без него секреты придётся вписывать заново.")
    return 0


def put(vault: "Vault", options: argparse.Namespace) -> int:
    value = sys.stdin.readline().rstrip("\r\n") if options.stdin else _asked(options.name)
    if not value:
        print("Секрет пуст: ничего не изменено.", file=sys.stderr)
        return 2
    name = vault.set(options.name, value)
    print(f"Записан зашифрованным: {name}")
    return _checked(vault, name)


def seal(vault: "Vault", _: argparse.Namespace) -> int:
    names = vault.seal()
    print(f"Зашифровано: {', '.join(names)}" if names else "Открытых секретов нет.")
    return _checked(vault, ", ".join(names))


def rotate(vault: "Vault", _: argparse.Namespace) -> int:
    print(f"Ключ сменён, перешифровано секретов: {vault.rotate()}. Сохраните новую копию {vault.key_file}.")
    return _checked(vault, "ключ")


def show(vault: "Vault", _: argparse.Namespace) -> int:
    for known in vault.known():
        print(f"  {known.name:<32}{known.state}")
    return 0


def _asked(name: str) -> str:
    return getpass.getpass(f"{name} (ввод не виден): ").strip()


def _checked(vault: "Vault", changed: str) -> int:
    """Проверяет файл целиком и говорит, что ещё в нём не так; сам секрет уже записан."""
    from config.loader import load_settings

    try:
        settings = load_settings(vault.path)
    except ConfigError as error:
        print(f"Осталось исправить: {error}", file=sys.stderr)
    else:
        if changed:
            _noted(settings, changed)
    return 0


def _noted(settings: "Settings", changed: str) -> None:
    """Записывает в журнал безопасности, какие секреты менялись и кем."""
    from services.journal.configure import stop_journal
    from services.journal.events import SECURITY, EventLogger
    from services.journal.process import start_command_journal

    start_command_journal(settings)
    EventLogger(SECURITY).info("secret_changed", which=changed, who=administrator())
    stop_journal()
