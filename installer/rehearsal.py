"""Репетиция на Windows: записывает команды вместо того, чтобы выполнять их, и ведёт себя как Windows.

По ней проверяется установщик там, где Windows нет, и по ней же администратор видит, что будет сделано.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path, PureWindowsPath

from config.rights import WindowsRights
from installer.answers import Answers, InstallChoices
from installer.examination import Patience
from installer.install import Installation
from installer.layout import Layout, windows_layout
from installer.package import SUMS, Package, write_sums
from installer.ports import CommandFailed
from installer.supplies import supplies
from installer.talk import Terminal
from installer.uninstall import Removal
from installer.update import Update
from installer.windows import Machine, WindowsHost
from installer.winsw import NO_SUCH_SERVICE

GOOD = [{"check": "settings", "level": "ok", "text": "настройки годны", "advice": ""}]
OURS = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
PROJECT = '[project]\nname = "ident-bitrix24"\nversion = "{version}"\n'
SETTINGS: dict[str, object] = {
    "portal": {"webhook": "http://127.0.0.1/rest/1/rehearsal/", "category_id": 1},
    "databases": [
        {"id": "D1", "server": "SRV-IDENT", "database": "PZ", "login": "ident_reader", "password": "проба"}
    ],
    "branches": [{"number": 1, "name": "Филиал", "database": "D1"}],
    "web": {"port": 8443},
}


@dataclass
class RecordingWindows:
    """Windows для репетиции: службы помнит, ссылки делает, остальное записывает."""

    root: Path
    commands: list[Sequence[str]] = field(default_factory=list)
    states: dict[str, bool] = field(default_factory=dict)
    #: Что служба отвечает, пока меняется: WinSW не ждёт ни запуска, ни чужой остановки.
    changing: dict[str, list[str]] = field(default_factory=dict)
    findings: Callable[[], list[dict[str, str]]] = lambda: GOOD
    refuse: Callable[[Sequence[str]], bool] = lambda _: False

    def __call__(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        if self.refuse(command):
            raise CommandFailed(command, 5, "Отказано в доступе.")
        program = PureWindowsPath(command[0]).name if "\\" in command[0] else Path(command[0]).name
        if program == "sc.exe" and command[1] == "query":
            return self._query(command)
        if program.startswith("IdentBitrix"):
            return self._wrapped(program.removesuffix(".exe"), command[1])
        if program == "cmd.exe" and command[2] in ("mklink", "rmdir"):
            self._link(command)
        if "doctor" in command:
            return json.dumps({"level": "ok", "findings": self.findings()}, ensure_ascii=False)
        return ""

    def _query(self, command: Sequence[str]) -> str:
        if command[2] not in self.states:
            raise CommandFailed(command, NO_SUCH_SERVICE, "Указанная служба не установлена.")
        settled = "4  RUNNING" if self.states[command[2]] else "1  STOPPED"
        changing = self.changing.get(command[2])
        state = changing.pop(0) if changing else settled
        return f"Имя_службы: {command[2]}\n    Тип       : 10  WIN32_OWN_PROCESS\n    Состояние : {state}\n"

    def _wrapped(self, name: str, action: str) -> str:
        if action == "uninstall":
            del self.states[name]
        else:
            self.states[name] = action == "start"
            if action == "start":
                self.changing[name] = ["2  START_PENDING"]
        return ""

    def _link(self, command: Sequence[str]) -> None:
        if command[2] == "mklink":
            Path(command[4]).symlink_to(command[5])
        else:
            with suppress(FileNotFoundError):
                Path(command[3]).unlink()

    def told(self) -> list[str]:
        """Возвращает команды, как их увидела бы Windows: с диском C: и обратными чертами."""
        return [_as_line(command, self.root) for command in self.commands]


class Stage(Terminal):
    """Площадка репетиции: пустой компьютер, пакет и чужие программы понарошку."""

    def __init__(self, folder: Path, answers: Answers | None = None) -> None:
        self.root = folder / "C"
        self.windows = RecordingWindows(self.root)
        self.layout: Layout = windows_layout(
            {"ProgramFiles": str(self.root / "Program Files"), "ProgramData": str(self.root / "ProgramData")}
        )
        self.pauses: list[float] = []
        self.is_administrator = True
        #: Описатели папок, которые на этом компьютере не наши.
        self.descriptors: dict[Path, str] = {}
        self._moments = count()
        rights = WindowsRights(
            describe=lambda path: self.descriptors.get(path, OURS), sid=lambda: "S-1-5-32-544"
        )
        machine = Machine(lambda: self.is_administrator, rights, self.pauses.append)
        self.host = WindowsHost(self.layout, self.windows, self.supply, machine)
        self.answers = answers or Answers(install=InstallChoices(portal_setup=True), settings=SETTINGS)
        self.told: list[str] = []
        self.supplies = folder / "supplies"

    def supply(self, key: str) -> Path:
        self.supplies.mkdir(exist_ok=True)
        known = {supply.key: supply.file for supply in supplies(self.supplies)}
        path = self.supplies / known[key]
        with zipfile.ZipFile(path, "w") as opened:
            opened.writestr(f"{path.stem}/redis-server.exe", b"")
        return path

    def package(self, version: str) -> Package:
        folder = self.root.parent / f"package-{version}"
        program = folder / "program"
        program.mkdir(parents=True, exist_ok=True)
        (program / "ident-bitrix.exe").touch()
        (program / "pyproject.toml").write_text(PROJECT.format(version=version), encoding="utf-8")
        if not (folder / SUMS).exists():
            write_sums(folder)
        return Package(folder)

    def install(self, version: str = "1.0.0") -> int:
        return Installation(
            self.host, self.package(version), self, lambda: self.answers, Patience(0, self.pauses.append)
        ).run()

    def update(self, version: str, again: bool = False) -> int:
        now = datetime.now() + timedelta(seconds=next(self._moments))
        patience = Patience(0, self.pauses.append)
        return Update(self.host, self.package(version), self, lambda: now, patience).run(again)

    def uninstall(self, purge: bool = False) -> int:
        return Removal(self.host, self, self.pauses.append).run(purge)

    def say(self, text: str) -> None:
        self.told.append(text)

    def ask(self, question: str, default: str = "") -> str:
        return default

    def secret(self, question: str) -> str:
        return ""

    def agree(self, question: str, default: bool = True) -> bool:
        return default


def rehearse() -> list[str]:
    """Возвращает команды установки, обновления и удаления на Windows; ничего не выполняет."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        acts: Sequence[tuple[str, Callable[[], int]]] = (
            ("Установка", partial(stage.install, "1.0.0")),
            ("Обновление", partial(stage.update, "1.1.0")),
            ("Удаление", partial(stage.uninstall, purge=True)),
        )
        lines: list[str] = []
        for title, act in acts:
            act()
            lines += [f"# {title}", *stage.windows.told(), ""]
            stage.windows.commands.clear()
    return lines[:-1]


def _as_line(command: Sequence[str], root: Path) -> str:
    return " ".join(_quoted(_windows(word, root)) for word in command)


def _windows(word: str, root: Path) -> str:
    return word.replace(str(root), "C:").replace("/", "\\") if str(root) in word else word


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
