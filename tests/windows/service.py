"""Служба Windows: её ведут services.exe и NSSM, как на служебном компьютере — WinSW (тому нужен .NET)."""

import re
from types import TracebackType
from typing import Self

from config.loader import CONFIG_VARIABLE
from tests.support.node import eventually
from tests.windows.program import Program
from tests.windows.wine import TOOLS, Done

NSSM = rf"{TOOLS}\nssm.exe"
#: Сколько служба ждёт вежливой остановки, миллисекунд.
PATIENCE = "60000"
STATE = re.compile(r"STATE\s*:\s*(\d+)")
STOPPED, RUNNING = 1, 4


class Service:
    """Команда программы, поставленная службой; в конце служба удаляется."""

    def __init__(self, program: Program, name: str, command: str, settings: str) -> None:
        self._program, self._name, self._command, self._settings = program, name, command, settings
        self._output = rf"C:\{name}.log"

    def text(self) -> str:
        """Возвращает вывод службы."""
        path = self._program.wine.path(self._output)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def state(self) -> int:
        """Возвращает состояние службы словами sc: 1 — стоит, 4 — работает."""
        found = STATE.search(self._run("sc", "query", self._name).text)
        return int(found[1]) if found else 0

    def start(self) -> None:
        """Запускает службу."""
        self._run("net", "start", self._name)
        eventually(lambda: self.state() == RUNNING)  # net в Wine не ждёт и конца запуска

    def stop(self) -> None:
        """Останавливает службу вежливо: NSSM посылает Ctrl+C и ждёт."""
        self._run("net", "stop", self._name)
        eventually(lambda: self.state() == STOPPED, seconds=120)  # net в Wine конца остановки не ждёт

    def __enter__(self) -> Self:
        self._remove()  # осталась от прерванной проверки
        self._program.wine.path(self._output).unlink(missing_ok=True)
        done = self._run(NSSM, "install", self._name, self._program.path, self._command)
        assert done.code == 0, done.text
        for setting, value in (
            ("Start", "SERVICE_DEMAND_START"),
            ("AppEnvironmentExtra", f"{CONFIG_VARIABLE}={self._settings}"),
            ("AppStdout", self._output),
            ("AppStderr", self._output),
            ("AppStopMethodConsole", PATIENCE),
            ("AppThrottle", "0"),
        ):
            assert self._run(NSSM, "set", self._name, setting, value).code == 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text()[-4000:])
        self._remove()

    def _remove(self) -> None:
        if state := self.state():
            if state != STOPPED:
                self.stop()
            self._run(NSSM, "remove", self._name, "confirm")
            eventually(lambda: not self.state(), seconds=60)

    def _run(self, *command: str) -> Done:
        return self._program.wine.run(*command, timeout=120)
