"""Выполнение команд системы."""

import locale
import subprocess
from collections.abc import Sequence

from installer.ports import CommandFailed

LONGEST_SECONDS = 300


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
    output = done.stdout.decode(locale.getpreferredencoding(False), errors="replace")
    if done.returncode:
        raise CommandFailed(command, done.returncode, output)
    return output
