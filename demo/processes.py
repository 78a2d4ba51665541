"""Дочерние процессы демонстрации: обычные команды Celery, как на рабочем компьютере."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from config.loader import CONFIG_VARIABLE

STOP_SECONDS = 30.0
_POLITE: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
ROOT = Path(__file__).resolve().parent.parent


class Processes:
    """Процессы, которые запустила демонстрация и которые она же остановит."""

    def __init__(self, settings: Path, logs: Path) -> None:
        self._settings, self._logs = settings, logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._files = ExitStack()

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start_roles(self) -> None:
        """Запускает все роли порознь, как Procfile; Flower первым: он показывает задачи, которые застал."""
        self.celery("flower", "flower")
        self.celery("worker", "worker", "--pool", "threads", "--without-gossip", "--without-mingle")
        self.celery("beat", "beat", "--pidfile=")
        self.python("web", "cli", "web")

    def celery(self, name: str, *arguments: str, **variables: str) -> None:
        """Запускает ``celery -A tasks …``; вывод — в файл ``name.log``."""
        self.python(name, "celery", "-A", "tasks", *arguments, **variables)

    def python(self, name: str, module: str, *arguments: str, **variables: str) -> None:
        """Запускает модуль Python с настройками демонстрации."""
        output = self._files.enter_context((self._logs / f"{name}.log").open("ab"))
        self._running[name] = _spawn(
            [sys.executable, "-m", module, *arguments], self._environment(variables), output
        )

    def _environment(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        return {**os.environ, CONFIG_VARIABLE: str(self._settings), "PYTHONUTF8": "1", **variables}

    def dead(self) -> Sequence[str]:
        """Возвращает имена процессов, которые кончились сами."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def tail(self, name: str, lines: int = 15) -> str:
        """Возвращает конец вывода процесса."""
        text = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """Останавливает все процессы: сперва вежливо, через полминуты — силой."""
        for process in reversed(self._running.values()):
            interrupt(process)
        for process in self._running.values():
            _wait(process)
        self._running.clear()
        self._files.close()


def _spawn(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    # Своя группа: Ctrl+C в окне получает демонстрация и сама останавливает детей по порядку.
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=ROOT, creationflags=flags
        )
    return subprocess.Popen(
        command, env=environment, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
    )


def interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Просит процесс остановиться; нечем просить — останавливает силой."""
    if process.poll() is not None:
        return
    try:
        process.send_signal(_POLITE)
    except (OSError, SystemError):  # у Windows без консоли вежливого сигнала нет
        process.terminate()


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(timeout=STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # долго или Ctrl+C второй раз: ждать больше нечего
        process.kill()
        process.wait()
