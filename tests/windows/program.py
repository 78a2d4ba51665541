"""Программа, собранная под Windows, и клиника для неё: базы и портал — на Linux, программа — в Windows."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.secrets import KEY_FILE_NAME
from demo.broker import broker, free_port
from demo.portal.options import PortalOptions
from demo.site import Site
from tests.support.packed import Clinic, write_sqlite_statements
from tests.windows.project import Project
from tests.windows.wine import RUSSIAN, Done, Running, Wine

PACKAGE, WORK = r"C:\Пакет поставки", r"C:\build"
#: Что входит в собранную программу и решает, какой она получится.
PARTS = ("services", "config", "tasks", "plan_frontend", "monitoring", "cli", "installer", "deploy")


@dataclass(frozen=True, slots=True)
class Program:
    """Собранная программа: разовые команды и долгие процессы; Python ей не нужен."""

    wine: Wine
    path: str

    def call(self, *arguments: str, locale: str = RUSSIAN, timeout: float = 120) -> Done:
        """Выполняет команду программы."""
        return self.wine.run(self.path, *arguments, locale=locale, timeout=timeout)

    def start(self, *arguments: str) -> Running:
        """Запускает долгий процесс программы."""
        return self.wine.start(self.path, *arguments)

    def processes(self, command: str) -> list[psutil.Process]:
        """Возвращает процессы Linux, в которых идёт эта команда программы."""
        name = self.path.rpartition("\\")[2]
        found = []
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if line and line[0].endswith(name) and command in line:
                found.append(process)
        return found


def build(project: Project) -> Program:
    """Собирает программу так, как это делает человек; не менялось ничего — берёт собранную."""
    wine = project.wine
    program = Program(wine, rf"{PACKAGE}\{{}}\program\ident-bitrix.exe")
    mark, digest = wine.drive / "program.digest", source_digest(project.folder)
    if not (mark.exists() and mark.read_text() == digest):
        done = project.manage("package", "--output", PACKAGE, "--work", WORK, timeout=1500)
        assert done.code == 0, done.text[-4000:]
        mark.write_text(digest)
    (folder,) = (path for path in wine.path(PACKAGE).iterdir() if path.is_dir())
    return Program(wine, program.path.format(folder.name))


def source_digest(folder: Path) -> str:
    """Возвращает след исходников программы."""
    files = [path for part in PARTS for path in sorted((folder / part).rglob("*")) if path.is_file()]
    files += [folder / "pyproject.toml", folder / "requirements" / "package.lock"]
    content = hashlib.sha256()
    for path in files:
        if path.suffix != ".pyc":
            content.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return content.hexdigest()


@contextmanager
def windows_clinic(wine: Wine) -> Iterator[tuple[Clinic, str]]:
    """Поднимает портал, Redis и базы клиники; отдаёт их и файл настроек для программы Windows."""
    folder = wine.drive / "Клиника на час"
    shutil.rmtree(folder, ignore_errors=True)  # память прежнего узла при новом Redis — это карантин
    site = Site(folder, visits=6)
    site.prepare(fresh=True)
    statements = write_sqlite_statements(site.folder / "sql")
    databases = [{**one, "dialect": "sqlite"} for one in site.clinic.settings()["databases"]]  # type: ignore[attr-defined]
    extra = {
        "databases": databases,
        "node": {"state_dir": str(site.folder), "sql_dir": str(statements)},
        "flower": {"port": free_port()},
        "monitor": {"port": free_port()},
        "security": {},  # ключ площадки записан Linux: Windows заведёт себе свой, завёрнутый DPAPI
    }
    options = PortalOptions(rate=1000, threshold=1000)
    with broker(site.folder / "redis") as redis, site.portal(options) as portal:
        settings = site.write_settings(portal.url, redis.url, interval=2, extra=extra)
        (site.folder / KEY_FILE_NAME).unlink()
        clinic = Clinic(site, portal, settings)
        for_windows = settings.with_name("settings-windows.toml")
        text = settings.read_text(encoding="utf-8").replace(str(wine.drive), "C:")
        for_windows.touch(0o600)
        for_windows.write_text(text, encoding="utf-8")
        try:
            yield clinic, rf"C:\Клиника на час\{for_windows.name}"
        finally:
            clinic.services.close()
