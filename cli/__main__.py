"""Вход команд: ``python manage.py КОМАНДА``."""

import argparse
import importlib
import platform
import sys
from contextlib import suppress
from pathlib import Path

from cli.commands import DEVELOPMENT, available
from cli.console import speak_utf8
from cli.privileges import become_owner, forbid_dumps
from config.rights import ignore_key_log

#: Установщик остаётся root и сам бережётся папок службы; инструментам разработчика настройки не нужны.
UNDER_ROOT = frozenset({"service"}) | DEVELOPMENT


def main(arguments: list[str]) -> int:
    speak_utf8()
    forbid_dumps()
    ignore_key_log()
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    if name in ("--version", "-V"):
        print(told_version())
        return 0
    if name not in available():
        print(f"Нет команды «{name}».\n\n{usage()}", file=sys.stderr)
        return 2
    return run(name, arguments[1:])


def run(name: str, arguments: list[str]) -> int:
    """Загружает модуль команды и выполняет его; ошибки настроек и системы показывает без трассировки."""
    command = importlib.import_module(f"cli.{name.replace('-', '_')}")
    owner = None if name in UNDER_ROOT else become_owner(_chosen(arguments).parent)
    try:
        return int(command.main(arguments))
    except UnicodeDecodeError:
        print("Ввод не в кодировке UTF-8: передайте его в ней.", file=sys.stderr)
        return 2
    except OSError as error:
        whose = f" (команда выполняется от имени {owner})" if owner else ""
        print(f"Система отказала{whose}: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nПрервано.", file=sys.stderr)
        return 130
    except Exception as error:
        code = known(error)
        if code is None:
            raise
        print(told(error), file=sys.stderr)
        if hint := _hint(arguments):
            print(hint, file=sys.stderr)
        return code


def known(error: Exception) -> int | None:
    """Возвращает код ошибки, понятной человеку; зависимости грузит лишь здесь: справка обходится без них."""
    from config.loader import ConfigError
    from services.domain.errors import SyncError

    if isinstance(error, ConfigError):
        return 2
    return 3 if isinstance(error, SyncError) else None


def _hint(arguments: list[str]) -> str:
    from cli.session import unfinished

    return unfinished(_chosen(arguments))


def _chosen(arguments: list[str]) -> Path:
    from cli.session import add_config
    from config.loader import settings_file

    parser = argparse.ArgumentParser(add_help=False)
    add_config(parser)
    return settings_file(parser.parse_known_args(arguments)[0].config)


def told(error: Exception) -> str:
    """Возвращает ошибку для человека; о Redis — ещё и адрес и что сделать."""
    from config.loader import ConfigError, load_settings
    from services.domain.errors import StoreError

    if isinstance(error, StoreError):
        with suppress(ConfigError):
            address = load_settings().redis.address
            return f"{error}: {address}. Запустите службу Redis; стоит он не там — исправьте [redis] url."
    return str(error)


def usage() -> str:
    commands = available()
    width = max(map(len, commands)) + 2
    lines = [f"  {name:<{width}}{text}" for name, text in commands.items()]
    return "\n".join(
        [
            "Интеграция Ident → Битрикс24",
            "",
            "Использование: python manage.py КОМАНДА [ключи]",
            "",
            *lines,
            "",
            "Ключи команды: python manage.py КОМАНДА --help",
            "Версия: python manage.py --version",
        ]
    )


def told_version() -> str:
    from config.version import version

    return f"ident-bitrix {version()} (Python {platform.python_version()}, {platform.platform()})"


def entry() -> int:
    """Выполняет команду консольного сценария ``ident-bitrix``."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
