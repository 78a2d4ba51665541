"""Службы Windows через WinSW: вежливая остановка (Ctrl+C), перезапуск после сбоя, журнал вывода.

Каждая служба работает под своей виртуальной учётной записью ``NT SERVICE\\имя``: пароля у неё нет, прав —
только на свои папки. На Windows не выполнялось: проверено записывающей подделкой и чтением описаний.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from installer.folders import Pause, persist
from installer.ports import CommandFailed, InstallError, Run, Service, ServiceState

#: После первого, второго и каждого следующего сбоя; предел ТЗ 3.3.1 — пять минут.
RESTART_DELAYS = ("10 sec", "30 sec", "1 min")
NO_SUCH_SERVICE = 1060
#: Ответ «sc query»: слово состояния Windows не переводит.
STATE = re.compile(r":\s*\d\s+(STOPPED|START_PENDING|STOP_PENDING|RUNNING)\b")
STATES = {
    "STOPPED": ServiceState.STOPPED,
    "START_PENDING": ServiceState.STARTING,
    "STOP_PENDING": ServiceState.STOPPING,
    "RUNNING": ServiceState.RUNNING,
}
CHANGING = (ServiceState.STARTING, ServiceState.STOPPING)
#: Сколько раз с какой паузой смотреть на службу, которая меняется: узлу на остановку дано полторы минуты.
LOOKS, LOOK_SECONDS = 120, 1.0

NameOf = Callable[[str], str]


class WinSW:
    """Службы Windows: файл WinSW рядом со своим описанием."""

    def __init__(
        self, folder: Path, wrapper: Callable[[], Path], logs: Path, run: Run, pause: Pause = time.sleep
    ) -> None:
        self._folder, self._wrapper, self._logs = folder, wrapper, logs
        self._run, self._pause = run, pause

    def install(self, service: Service) -> None:
        """Записывает описание; новую службу регистрирует под её учётной записью."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._exe(service.key).exists():
            shutil.copyfile(self._wrapper(), self._exe(service.key))
        text = description(service, self.name, self._logs)
        self._exe(service.key).with_suffix(".xml").write_text(text, encoding="utf-8", newline="\r\n")
        if self.state(service.key) is ServiceState.ABSENT:
            self._run([str(self._exe(service.key)), "install"])
        name = self.name(service.key)
        self._run(["sc.exe", "config", name, "obj=", account(name)])

    def uninstall(self, key: str) -> None:
        if self.state(key) is not ServiceState.ABSENT:
            self.stop(key)
            self._run([str(self._exe(key)), "uninstall"])
        for path in self._folder.glob(f"{self.name(key)}.*"):
            persist(partial(path.unlink, missing_ok=True), path, self._pause)

    def start(self, key: str) -> None:
        """Запускает службу и ждёт, пока она запустится: сам WinSW этого не ждёт."""
        if self._settled(key) is not ServiceState.RUNNING:
            self._run([str(self._exe(key)), "start"])
            if self._settled(key) is not ServiceState.RUNNING:
                raise InstallError(
                    f"Служба {self.name(key)} не запустилась: смотрите {self._logs} и журнал Windows."
                )

    def stop(self, key: str) -> None:
        """Останавливает службу и ждёт: WinSW посылает Ctrl+C, узел доделывает начатое."""
        if self._settled(key) is ServiceState.RUNNING:
            self._run([str(self._exe(key)), "stopwait"])
            if self._settled(key) is ServiceState.RUNNING:
                raise InstallError(
                    f"Служба {self.name(key)} не остановилась: остановите её сами и повторите."
                )

    def state(self, key: str) -> ServiceState:
        """Возвращает состояние службы по ответу SCM: «STATE : 4 RUNNING»."""
        try:
            told = self._run(["sc.exe", "query", self.name(key)])
        except CommandFailed as error:
            if error.code == NO_SUCH_SERVICE:
                return ServiceState.ABSENT
            raise
        found = STATE.search(told)
        return STATES[found[1]] if found else ServiceState.STOPPED

    def _settled(self, key: str) -> ServiceState:
        """Ждёт, пока служба не перестанет меняться, и возвращает её состояние."""
        for _ in range(LOOKS):
            if (state := self.state(key)) not in CHANGING:
                return state
            self._pause(LOOK_SECONDS)
        raise InstallError(f"Служба {self.name(key)} не меняет состояния «{state}»: подождите и повторите.")

    def name(self, key: str) -> str:
        """Возвращает имя службы: ``IdentBitrixNode``."""
        return f"IdentBitrix{key.capitalize()}"

    def _exe(self, key: str) -> Path:
        return self._folder / f"{self.name(key)}.exe"


def account(name: str) -> str:
    return rf"NT SERVICE\{name}"


def description(service: Service, name: NameOf, logs: Path) -> str:
    """Возвращает описание службы для WinSW 2."""
    return "\n".join(_lines(service, name, logs)) + "\n"


def _lines(service: Service, name: NameOf, logs: Path) -> Iterator[str]:
    program, *arguments = service.command
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<service>"
    yield f"  <id>{name(service.key)}</id>"
    yield f"  <name>{escape(service.title)}</name>"
    yield f"  <description>{escape(service.title)}</description>"
    yield f"  <executable>{escape(program)}</executable>"
    yield f"  <arguments>{escape(' '.join(arguments))}</arguments>"
    yield f"  <workingdirectory>{escape(str(service.folder))}</workingdirectory>"
    for key, value in service.environment.items():
        yield f"  <env name={quoteattr(key)} value={quoteattr(value)}/>"
    yield from (f"  <depend>{name(key)}</depend>" for key in service.after)
    yield f"  <stoptimeout>{service.stop_seconds} sec</stoptimeout>"
    yield from (f'  <onfailure action="restart" delay="{delay}"/>' for delay in RESTART_DELAYS)
    yield "  <resetfailure>1 hour</resetfailure>"
    yield f"  <logpath>{escape(str(service.writes[-1] if service.loopback_only else logs))}</logpath>"
    yield '  <log mode="roll-by-size"><sizeThreshold>5120</sizeThreshold><keepFiles>4</keepFiles></log>'
    yield "</service>"
