"""Выполнение команд системы."""

import subprocess
import sys
from collections.abc import Sequence

from installer.ports import CommandFailed

LONGEST_SECONDS = 300
#: Кодировка команд sc, netsh, icacls, reg: «oem» — кодек, который знает только Python для Windows.
CONSOLE = "oem" if sys.platform == "win32" else "utf-8"


def run(command: Sequence[str]) -> str:
    """Выполняет команду и возвращает её вывод; неудача или нет такой команды — CommandFailed."""
    try:
        done = subprocess.run(
            command,
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


def decoded(output: bytes, console: str = CONSOLE) -> str:
    """Возвращает вывод команды: своя программа говорит на UTF-8, команды Windows — в кодировке консоли."""
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError:
        return output.decode(console, errors="replace")
