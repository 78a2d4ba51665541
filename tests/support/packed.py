"""Собранная программа для проверок: пакет, распакованный вдали от исходников, и процессы из него."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.portal.server import PortalServer
from demo.site import Site
from demo.verdict import Judge
from services.container import Services
from services.domain.outbox import EntryState
from services.ident.sqlite import to_sqlite
from services.ident.statements import SQL_DIR, read_sql

ROOT = Path(__file__).resolve().parents[2]
#: Папка без единой программы: ни Python, ни чего-либо ещё по имени не найти.
NOWHERE = "/nonexistent"


def build_package(folder: Path) -> Path:
    """Собирает пакет так, как это делает человек; возвращает архив."""
    command = [sys.executable, str(ROOT / "manage.py"), "package"]
    places = ["--output", str(folder / "dist"), "--work", str(folder / "work")]
    done = subprocess.run([*command, *places], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = (folder / "dist").glob("*.zip")
    return archive


def write_sqlite_statements(folder: Path) -> Path:
    """Кладёт в папку запросы, уже переложенные на язык SQLite: в программе переводчика нет."""
    for path in SQL_DIR.rglob("*.sql"):
        name = path.relative_to(SQL_DIR).with_suffix("").as_posix()
        target = folder / f"{name}.sql"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(to_sqlite(read_sql(name)), encoding="utf-8")
    return folder


class Clinic:
    """Демонстрационная клиника для собранной программы."""

    def __init__(self, site: Site, portal: PortalServer, settings: Path) -> None:
        self.site, self.portal, self.settings = site, portal, settings
        self.services = Services(site.settings(settings))

    def settled(self) -> bool:
        """Отвечает, прочитаны ли все филиалы и пуста ли очередь."""
        store, branches = self.services.store, self.services.settings.served
        return all(
            store.stats.notes(branch.branch_id).get("last_success") and not self._waiting(branch.branch_id)
            for branch in branches
        )

    def _waiting(self, branch_id: str) -> int:
        depth = self.services.store.outbox.depth(branch_id)
        return sum(count for state, count in depth.items() if state is not EntryState.FAILED)

    def differences(self) -> list[str]:
        """Возвращает, чем портал отличается от правил."""
        judge = Judge(self.services.settings, self.portal.state, self.site.memory.manual)
        return list(judge.judge(self.site.memory.built_at).differences)


class Packed:
    """Собранная программа: разовые команды и долгие процессы; Python в окружении нет."""

    def __init__(self, program: Path, home: Path) -> None:
        self.program, self.home = program, home

    def environment(self, **variables: str) -> Mapping[str, str]:
        """Возвращает окружение: ничего от того, кто запускает проверки."""
        return {"PATH": NOWHERE, "HOME": str(self.home), "LANG": "C.UTF-8", **variables}

    def call(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Выполняет команду до конца."""
        return subprocess.run(
            [str(self.program), *arguments],
            env=self.environment(**variables),
            cwd=self.home,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


class Running:
    """Долгий процесс собранной программы; в конце останавливается так, как его останавливает служба."""

    def __init__(self, packed: Packed, *arguments: str) -> None:
        self._packed, self._arguments = packed, arguments
        self.output = packed.home / f"{arguments[0]}.log"

    def text(self) -> str:
        """Возвращает вывод процесса."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._packed.program), *self._arguments],
                env=self._packed.environment(),
                cwd=self._packed.home,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.started = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text()[-4000:])
        self._process.send_signal(signal.SIGINT)
        try:
            self.code = self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise AssertionError("процесс не остановился по Ctrl+C") from None
