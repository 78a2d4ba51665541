"""Команды Windows: запуск в Wine, вывод, остановка, имена файлов двух миров."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

#: Debian не кладёт wine64 в PATH.
LOADER = Path("/usr/lib/wine/wine64")
#: Заменители программ, которых в Wine нет (tests/windows/shims): папка в PATH Windows.
TOOLS = r"C:\tools"
PYTHON = r"C:\Python311\python.exe"
#: Язык Windows: его кодовые страницы — ANSI (файлы) и OEM (консольные программы).
RUSSIAN, ENGLISH = "ru_RU", "en_US"
#: Метка окружения, по которой узнаётся всё, что запустила команда.
FAMILY = "TESTS_WINE_FAMILY"
LAST_WORDS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Done:
    """Оконченная команда: код, то, что она вывела, и кто из её детей её пережил."""

    code: int
    output: bytes
    left: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Возвращает вывод; не UTF-8 — знаком замены."""
        return self.output.decode("utf-8", errors="replace").replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Wine:
    """Готовая Windows: папка с диском C: и языками."""

    home: Path

    @property
    def drive(self) -> Path:
        """Возвращает, где лежит диск C:."""
        return self.home / "prefix" / "drive_c"

    def path(self, windows: str) -> Path:
        """Возвращает файл диска C: по имени Windows."""
        return self.drive.joinpath(*windows.removeprefix("C:\\").split("\\"))

    def environment(self, locale: str = RUSSIAN, **variables: str) -> dict[str, str]:
        """Возвращает окружение команды: из своего — только то, что нужно pip, чтобы дойти до пакетов."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LOCPATH": str(self.home / "locales"),
            "LC_ALL": f"{locale}.UTF-8",
            "WINEPREFIX": str(self.home / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # Свой icacls вместо пустого; Mono и Gecko не нужны, и спрашивать о них некого.
            "WINEDLLOVERRIDES": "icacls.exe=n;mscoree,mshtml=;winemenubuilder.exe=",
            "WINEPATH": TOOLS,
            **pip_variables(os.environ),
            **variables,
        }

    def run(
        self,
        *command: str,
        folder: Path | None = None,
        timeout: float = 120,
        locale: str = RUSSIAN,
        **variables: str,
    ) -> Done:
        """Выполняет команду Windows до конца; вышел срок — провал."""
        running = self.start(*command, folder=folder, locale=locale, **variables)
        with running:
            return running.wait(timeout)

    def start(
        self, *command: str, folder: Path | None = None, locale: str = RUSSIAN, **variables: str
    ) -> "Running":
        """Запускает команду Windows."""
        environment = self.environment(locale, **variables)
        return Running([str(LOADER), *command], environment, folder or self.drive)


class Running:
    """Работающая команда Windows; выход из блока останавливает всё, что она запустила."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._command = command
        self._token = f"{os.getpid()}-{time.monotonic_ns()}"
        # Вывод — труба, ввод пуст, сеанс свой: иначе Python для Windows в Wine не поднимается.
        self._output, written = os.pipe()
        self._process = subprocess.Popen(
            command,
            env={**environment, FAMILY: self._token},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(written)
        self._chunks: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Возвращает, что выведено до сих пор."""
        return Done(0, b"".join(self._chunks)).text

    def wait(self, timeout: float) -> Done:
        """Ждёт конца команды."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self._command} не уложилась в {timeout} с:\n{self.text[-3000:]}"
            ) from None
        # Конца трубы можно не дождаться: её держат и службы самой Wine, если она поднялась этой командой.
        self._reader.join(LAST_WORDS_SECONDS)
        return Done(code, b"".join(self._chunks), tuple(map(str, family(self._token))))

    def stop(self) -> None:
        """Убивает команду и всё, что она запустила."""
        for process in family(self._token):
            with suppress(psutil.Error):
                process.kill()
        self._process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text[-4000:])
        self.stop()

    def _read(self) -> None:
        while chunk := os.read(self._output, 65536):
            self._chunks.append(chunk)
        os.close(self._output)


def family(token: str) -> list[psutil.Process]:
    """Возвращает процессы, запущенные одной командой: Wine оставляет им её окружение."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(FAMILY) == token and "wineserver" not in process.name():
                found.append(process)
    return found


def windows_path(path: Path) -> str:
    """Возвращает имя файла Linux для Windows: диск Z: — корень Linux."""
    return "Z:" + str(path).replace("/", "\\")


def pip_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Возвращает настройки pip и выхода в сеть этого компьютера; пути — именами Windows."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            found[f"PIP_{key.replace('-', '_').upper()}"] = translated(value.strip("'"))
    proxies = {name: value for name, value in environment.items() if name.lower().endswith("_proxy")}
    return {**found, **proxies}


def translated(value: str) -> str:
    """Переводит пути Linux внутри настройки в имена Windows."""
    words = [word.replace("file:///", "file:///Z:/") for word in value.split()]
    return " ".join(windows_path(Path(word)) if word.startswith("/") else word for word in words)
