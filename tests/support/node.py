"""Настоящие процессы интеграции для проверок: исполнитель, узел, расписание, Flower."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import Distribution
from pathlib import Path
from types import TracebackType
from typing import Self

from config.loader import CONFIG_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 90.0
#: Папка журналов рядом с настройками мира.
JOURNALS = "logs"

#: Сама программа celery, как её зовёт человек; ``python -m celery`` находил бы код в текущей папке.
PROGRAM = Path(sys.executable).with_name("celery")
CELERY = ("-P", "-m", "celery") if sys.platform == "win32" else (str(PROGRAM),)
#: Проект стоит в своём окружении: процессы находят его из любой папки.
INSTALL = "проект не установлен: uv pip install -p .venv/bin/python --no-deps --no-build-isolation -e ."
WORKER = (*CELERY, "-A", "tasks", "worker", "--without-gossip", "--without-mingle")
THREADS = (*WORKER, "--pool", "threads")
PREFORK = (*WORKER, "--pool", "prefork", "-c", "2")
WINDOWS = (
    "-m",
    "tests.support.windows_worker",
    "worker",
    "--pool",
    "threads",
    "--without-gossip",
    "--without-mingle",
)
NODE = ("-m", "cli", "run")
BEAT = (*CELERY, "-A", "tasks", "beat", "--pidfile=")


def name_of(arguments: Sequence[str]) -> str:
    """Возвращает имя программы или модуля, которые запускают."""
    first = next(item for item in arguments if not item.startswith("-"))
    return Path(first).name.rsplit(".", 1)[-1]


class Process:
    """Процесс Python с настройками мира; вывод — в файл рядом с ними."""

    def __init__(self, settings: Path, arguments: Sequence[str], **variables: str) -> None:
        self._arguments = arguments
        self._environment = {
            **os.environ,
            CONFIG_VARIABLE: str(settings),
            "PYTHONUTF8": "1",
            **variables,
        }
        self._journals = settings.with_name(JOURNALS)
        self.output = settings.with_name(f"{name_of(arguments)}-{id(self)}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Возвращает номер процесса."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Отвечает, работает ли процесс."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Возвращает код завершения; None — процесс работает или не запускался."""
        return None if self._process is None else self._process.poll()

    def signal(self, sign: int) -> None:
        """Посылает сигнал."""
        assert self._process is not None
        self._process.send_signal(sign)

    def start(self) -> None:
        """Запускает процесс не из папки проекта: код он находит там, где тот установлен."""
        assert list(Distribution.discover(name="ident-bitrix24")), INSTALL
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *self._arguments],
                env=self._environment,
                stdout=output,
                stderr=output,
                cwd=self.output.parent,
                start_new_session=True,
            )

    def stop(self) -> int:
        """Останавливает процесс вежливо и возвращает его код."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"процесс не остановился:\n{self.text()[-2000:]}") from None

    def kill(self) -> None:
        """Убивает процесс вместе с детьми."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=20)

    def text(self) -> str:
        """Возвращает вывод процесса."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def journal(self) -> list[str]:
        """Возвращает строки, которые этот процесс написал в журналы."""
        texts = [path.read_text(encoding="utf-8") for path in sorted(self._journals.glob("*_log_*.txt"))]
        return [line for line in "".join(texts).splitlines() if line.endswith(f" процесс={self.pid}")]

    def told(self, event: str, branch: str = "") -> int:
        """Возвращает, сколько раз процесс записал событие, при названном филиале — о нём."""
        field = f" филиал={branch} "
        return sum(f"событие={event} " in line and (not branch or field in line) for line in self.journal())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text()[-4000:], *self.journal()[-20:], sep="\n")
        self.stop()


class Service(Process):
    """Процесс под присмотром службы: кончился сам — запущен снова, как делают systemd и служба Windows."""

    def __init__(self, settings: Path, arguments: Sequence[str], **variables: str) -> None:
        super().__init__(settings, arguments, **variables)
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self.restarts = 0

    def __enter__(self) -> Self:
        self._wanted.set()
        super().__enter__()
        threading.Thread(target=self._supervise, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._wanted.clear()
        super().__exit__(kind, error, trace)

    def _supervise(self) -> None:
        while self._wanted.is_set():
            time.sleep(0.2)
            with self._lock:
                if self._wanted.is_set() and not self.alive:
                    self.restarts += 1
                    self.start()


def eventually(what: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Ждёт, пока условие не станет верным."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "не дождались"
        time.sleep(0.1)
