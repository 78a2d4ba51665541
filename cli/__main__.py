"""Вход команд: ``python manage.py КОМАНДА``."""

import importlib
import platform
import sys

from cli.commands import available
from cli.console import speak_utf8


def main(arguments: list[str]) -> int:
    """Запускает команду и возвращает код завершения."""
    speak_utf8()
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
    try:
        return int(command.main(arguments))
    except UnicodeDecodeError:
        print("Ввод не в кодировке UTF-8: передайте его в ней.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Система отказала: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nПрервано.", file=sys.stderr)
        return 130
    except Exception as error:
        code = known(error)
        if code is None:
            raise
        print(error, file=sys.stderr)
        return code


def known(error: Exception) -> int | None:
    """Возвращает код ошибки, понятной человеку; зависимости грузит лишь здесь: справка обходится без них."""
    from config.loader import ConfigError
    from services.domain.errors import SyncError

    if isinstance(error, ConfigError):
        return 2
    return 3 if isinstance(error, SyncError) else None


def usage() -> str:
    """Возвращает список команд."""
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
    """Возвращает версию программы и того, на чём она работает."""
    from config.version import version

    return f"ident-bitrix {version()} (Python {platform.python_version()}, {platform.platform()})"


def entry() -> int:
    """Выполняет команду консольного сценария ``ident-bitrix``."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
