"""Windows: права папок, ссылка на версию, брандмауэр, Redis из пакета; службы — WinSW.

Здесь Windows нет: проверено записывающей подделкой команд (и под Wine, tests/windows).
"""

import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config import windows
from config.rights import WindowsRights
from installer import folders
from installer.layout import Layout
from installer.ports import CommandFailed, InstallError, Run, Service
from installer.roles import NODE
from installer.winsw import WinSW, account

SYSTEM, ADMINISTRATORS = "*S-1-5-18", "*S-1-5-32-544"
RULE = "IdentBitrix plans"
COMMAND = """@echo off
set "IDENT_BITRIX_CONFIG={settings}"
"{program}" %*
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """Что установщик узнаёт у самой Windows и как ждёт; проверки подставляют своё."""

    is_administrator: Callable[[], bool] = windows.is_administrator
    rights: WindowsRights = field(default_factory=WindowsRights)
    pause: folders.Pause = time.sleep


class WindowsHost:
    """Компьютер с Windows 10/11 или Server 2016 и новее."""

    def __init__(
        self,
        layout: Layout,
        run: Run,
        supply: Callable[[str], Path],
        machine: Machine | None = None,
    ) -> None:
        self.layout, self.run, self._supply, self._machine = layout, run, supply, machine or Machine()
        self._pause = self._machine.pause
        self.services = WinSW(layout.units, lambda: supply("winsw"), layout.logs, run, self._pause)

    def require_rights(self) -> None:
        if not self._machine.is_administrator():
            raise InstallError("Нужны права администратора: откройте PowerShell от его имени.")

    def trust(self, folder: Path) -> None:
        """Проверяет, что пакет подменят разве что администраторы: новые папки ``C:\\`` открыты всем."""
        for place in (folder, folder / "program"):
            if found := self._machine.rights.writers(place):
                raise InstallError(
                    f"Папку пакета {place} могут менять и другие ({', '.join(found)}). "
                    "Распакуйте архив в свою папку «Загрузки» и повторите оттуда."
                )

    def prepare_accounts(self) -> None:
        """Проверяет, что папок не заготовил чужой; учётные записи служб Windows заводит сама.

        ``C:\\ProgramData`` открыта для создания всем, а хозяин папки может вернуть себе любой доступ.
        """
        for folder in (self._data, *self.layout.data):
            if folder.exists() and (owner := self._machine.rights.foreign_owner(folder)):
                raise InstallError(
                    f"Папка {folder} принадлежит {owner}, а не администраторам. Выясните, откуда она, "
                    "удалите её и повторите."
                )

    def take(self) -> None:
        """Забирает у узла папку настроек: пока установщик пишет в неё, подменить в ней ничего нельзя."""
        if self.layout.config.exists():
            who = account(self.services.name(NODE))
            self.run(["icacls.exe", str(self.layout.config), "/remove:g", who, "/q"])

    def protect(self, services: Sequence[Service]) -> None:
        """Оставляет доступ системе, администраторам и тем службам, которым папка нужна."""
        for folder in (self._data, *self.layout.data):
            folder.mkdir(parents=True, exist_ok=True)
            self.run(["icacls.exe", str(folder), "/setowner", ADMINISTRATORS, "/q"])
            self.run(["icacls.exe", str(folder), "/inheritance:r", "/q", *self._grants(folder, services)])

    @property
    def _data(self) -> Path:
        return self.layout.config.parent

    def _grants(self, folder: Path, services: Sequence[Service]) -> list[str]:
        readers = [service.key for service in services if folder in service.reads]
        writers = [service.key for service in services if folder in service.writes]
        given = [(SYSTEM, "F"), (ADMINISTRATORS, "F")]
        given += [(account(self.services.name(key)), "RX") for key in readers]
        given += [(account(self.services.name(key)), "M") for key in writers]
        return [part for who, right in given for part in ("/grant:r", f"{who}:(OI)(CI){right}")]

    def point(self, target: Path) -> None:
        """Переставляет ссылку current (junction: обычная ссылка требует особого права)."""
        link = str(self.layout.current)
        if self.layout.current.resolve() == target.resolve():
            return
        with suppress(CommandFailed):  # в первый раз снимать нечего
            self.run(["cmd.exe", "/c", "rmdir", link])
        self.run(["cmd.exe", "/c", "mklink", "/J", link, str(target)])

    def write_command(self) -> None:
        text = COMMAND.format(settings=self.layout.settings, program=self.layout.program)
        self.layout.command.parent.mkdir(parents=True, exist_ok=True)
        self.layout.command.write_text(text, encoding="ascii", newline="\r\n")

    def redis_server(self) -> Path:
        """Ставит Redis из пакета, сверив контрольную сумму; стоящий целым не трогает: он может работать."""
        archive = self._supply("redis")
        folder = self.layout.programs / "redis" / archive.stem
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(draft)
            if not folders.same(Path(draft), folder):
                folders.place(Path(draft), folder, self._pause)
        found = sorted(folder.rglob("redis-server.exe"))
        if not found:
            raise InstallError(f"В {archive.name} нет redis-server.exe: возьмите архив заново.")
        return found[0]

    def open_port(self, port: int) -> None:
        """Открывает порт ответов вкладке — только для своей подсети."""
        self.close_ports()
        options = ["dir=in", "action=allow", "protocol=TCP", f"localport={port}", "remoteip=localsubnet"]
        rule = ["netsh.exe", "advfirewall", "firewall", "add", "rule", f"name={RULE}", *options]
        # Настоящее место, а не ссылка current: брандмауэр сравнивает путь, по которому файл лежит.
        program = self.layout.current.resolve() / self.layout.executable
        self.run([*rule, f"program={program}"])

    def close_ports(self) -> None:
        """Убирает своё правило брандмауэра; нет его — ничего."""
        with suppress(CommandFailed):
            self.run(["netsh.exe", "advfirewall", "firewall", "delete", "rule", f"name={RULE}"])

    def show(self, page: str) -> None:
        """Открывает страницу: проводник передаёт адрес браузеру вошедшего, прав установщика тот не получает.

        Код проводника ничего не значит, полный путь называет сама Windows.
        """
        with suppress(CommandFailed):
            self.run(["cmd.exe", "/c", r"%SystemRoot%\explorer.exe", page])

    def forget(self) -> None:
        """Удаляет команду; виртуальные учётные записи исчезают вместе со службами."""
        self.layout.command.unlink(missing_ok=True)
