"""Linux: учётная запись, права, systemd."""

import os
import re
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from installer import ownership
from installer.commands import PLACES
from installer.layout import Layout
from installer.ports import InstallError, Run, Service
from installer.roles import REDIS
from installer.systemd import Systemd

#: Учётные записи служб: Redis живёт под своей и ни настроек, ни ключа не прочтёт.
ACCOUNT, REDIS_ACCOUNT = "ident-bitrix", "ident-bitrix-redis"
OLDEST_REDIS = (6, 2)
COMMAND = """#!/bin/sh
# Команда интеграции: знает, где файл настроек.
export IDENT_BITRIX_CONFIG='{settings}'
exec '{program}' "$@"
"""


#: Есть, только когда системой правит systemd (sd_booted).
BOOTED = Path("/run/systemd/system")


class LinuxHost:
    """Компьютер с Linux и systemd."""

    def __init__(
        self,
        layout: Layout,
        run: Run,
        accounts: tuple[str, str] = (ACCOUNT, REDIS_ACCOUNT),
        places: str = PLACES,
    ) -> None:
        self.layout, self.run, self._places = layout, run, places
        self._account, self._redis_account = accounts
        self.services = Systemd(layout.units, self._account_of, run)

    def require_rights(self) -> None:
        if os.geteuid() != 0:
            raise InstallError("Нужны права администратора: повторите команду с sudo.")
        if self._places == PLACES and not BOOTED.is_dir():
            raise InstallError(
                "Этот Linux запущен без systemd (контейнер?): службу ставить некуда, ничего не тронуто. "
                "Без службы узел работает командой run."
            )
        os.umask(0o022)  # программу должны прочесть службы; тайное закрывается отдельно

    def trust(self, folder: Path) -> None:
        """Проверяет, что пакет не подменит никто, кроме root и того, кто позвал sudo."""
        users, groups = ({0, int(os.environ.get(name, "0"))} for name in ("SUDO_UID", "SUDO_GID"))
        for place in (folder, folder / "program"):
            found = place.stat()
            by_group = found.st_mode & stat.S_IWGRP and found.st_gid not in groups
            if found.st_uid not in users or by_group or found.st_mode & stat.S_IWOTH:
                raise InstallError(
                    f"Папку пакета {place} могут менять и другие. Выполните: chown -R root {folder} и "
                    f"chmod -R go-w {folder}, сверьте архив с его суммой и повторите."
                )

    def prepare_accounts(self) -> None:
        import pwd  # на Windows его нет, а описание установки Linux читают и там

        homes = {self._account: self.layout.state, self._redis_account: self.layout.redis}
        for account, home in homes.items():
            try:
                pwd.getpwnam(account)
            except KeyError:
                options = ["--system", "--user-group", "--no-create-home", "--home-dir", str(home)]
                self.run(["useradd", *options, "--shell", "/usr/sbin/nologin", account])

    def take(self) -> None:
        """Забирает папки у служб; ссылка в них — InstallError."""
        ownership.take(*self._folders(), self.layout.redis)

    def protect(self, services: Sequence[Service]) -> None:
        """Отдаёт каждой службе её папки, копии оставляет root; остальным они закрыты."""
        for folder in self._folders():
            self._give(folder, self._account)
        if self.layout.redis.exists():
            self._give(self.layout.redis, self._redis_account)
        ownership.close(self.layout.backups)

    def _folders(self) -> tuple[Path, ...]:
        return (self.layout.config, self.layout.state, self.layout.logs)

    def _give(self, folder: Path, account: str) -> None:
        import pwd

        known = pwd.getpwnam(account)
        ownership.give(folder, known.pw_uid, known.pw_gid)

    def _account_of(self, key: str) -> str:
        return self._redis_account if key == REDIS else self._account

    def point(self, target: Path) -> None:
        """Переставляет ссылку current одним действием."""
        draft = self.layout.current.with_name("current.new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target.relative_to(self.layout.programs))
        draft.replace(self.layout.current)

    def write_command(self) -> None:
        path = self.layout.command
        path.parent.mkdir(parents=True, exist_ok=True)
        text = COMMAND.format(settings=self.layout.settings, program=self.layout.program)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def redis_server(self) -> Path:
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

    def show(self, page: str) -> None:
        """Ничего не делает: root браузера не открывает."""

    def forget(self) -> None:
        """Удаляет команду; учётные записи оставляет: им могут принадлежать сохранённые данные."""
        self.layout.command.unlink(missing_ok=True)
