"""Linux: учётная запись, права, systemd."""

import os
import pwd
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from installer.commands import PLACES
from installer.layout import Layout
from installer.ports import InstallError, Run, Service
from installer.systemd import Systemd

ACCOUNT = "ident-bitrix"
OLDEST_REDIS = (6, 2)
COMMAND = """#!/bin/sh
# Команда интеграции: знает, где файл настроек.
export IDENT_BITRIX_CONFIG='{settings}'
exec '{program}' "$@"
"""


class LinuxHost:
    """Компьютер с Linux и systemd."""

    def __init__(self, layout: Layout, run: Run, account: str = ACCOUNT, places: str = PLACES) -> None:
        self.layout, self.run, self._account, self._places = layout, run, account, places
        self.services = Systemd(layout.units, account, run)

    def require_rights(self) -> None:
        """Проверяет, что команду выполняет root."""
        if os.geteuid() != 0:
            raise InstallError("Нужны права администратора: повторите команду с sudo.")

    def prepare_account(self) -> None:
        """Заводит системную учётную запись без входа."""
        try:
            pwd.getpwnam(self._account)
        except KeyError:
            home, shell = str(self.layout.state), "/usr/sbin/nologin"
            options = ["--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", shell]
            self.run(["useradd", *options, self._account])

    def protect(self, services: Sequence[Service]) -> None:
        """Отдаёт папки данных учётной записи служб; остальным они закрыты."""
        for folder in self.layout.data:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._account)

    def point(self, target: Path) -> None:
        """Переставляет ссылку current одним действием."""
        draft = self.layout.current.with_name("current.new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target.relative_to(self.layout.programs))
        draft.replace(self.layout.current)

    def write_command(self) -> None:
        """Кладёт команду в /usr/local/bin."""
        path = self.layout.command
        path.parent.mkdir(parents=True, exist_ok=True)
        text = COMMAND.format(settings=self.layout.settings, program=self.layout.program)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def redis_server(self) -> Path:
        """Находит redis-server системы."""
        found = shutil.which("redis-server", path=self._places)
        advice = "Поставьте Redis 6.2 или новее, например: apt-get install redis-server"
        if found is None:
            raise InstallError(f"Нет redis-server. {advice}")
        told = self.run([found, "--version"])
        version = re.search(r"v=(\d+)\.(\d+)", told)
        if version is None or (int(version[1]), int(version[2])) < OLDEST_REDIS:
            raise InstallError(f"Redis слишком старый ({told.strip()[:60]}). {advice}")
        return Path(found)

    def open_port(self, port: int) -> None:
        """Ничего не делает: брандмауэром Linux распоряжается администратор."""

    def close_ports(self) -> None:
        """Ничего не делает."""

    def forget(self) -> None:
        """Удаляет команду; учётную запись оставляет: ей могут принадлежать сохранённые данные."""
        self.layout.command.unlink(missing_ok=True)
