"""Выполнение команд системы."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.windows import system_folder
from installer.ports import CommandFailed

LONGEST_SECONDS = 300
#: Где лежат программы Linux; переменной PATH того, кто зовёт установщик, он не верит.
PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Кодировка команд sc, netsh, icacls, reg: «oem» — кодек, который знает только Python для Windows.
CONSOLE = "oem" if sys.platform == "win32" else "utf-8"


def run(command: Sequence[str], places: str = PLACES) -> str:
    """Выполняет команду и возвращает её вывод; неудача или нет такой команды — CommandFailed."""
    try:
        done = subprocess.run(
            [located(command[0], places), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(command, 127, type(error).__name__) from None
    output = decoded(done.stdout)
    if done.returncode:
        raise CommandFailed(command, done.returncode, output)
    return output


def located(program: str, places: str = PLACES) -> str:
    """Возвращает полный путь программы системы: по одному имени её подменил бы файл из текущей папки."""
    if Path(program).parent != Path():
        return program
    if sys.platform == "win32":
        return str(system_folder() / program)
    return shutil.which(program, path=places) or program


def decoded(output: bytes, console: str = CONSOLE) -> str:
    """Возвращает вывод команды: своя программа говорит на UTF-8, команды Windows — в кодировке консоли."""
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError:
        return output.decode(console, errors="replace")
