"""Linux от начала до конца: установить, осмотреть, перенести, обновить, осмотреть, удалить — по-настоящему.

Корень — временная папка; процессы запускает подделка systemctl по настоящим юнитам, сами юниты проверяет
systemd-analyze. Python в окружении установщика нет.
"""

import os
import random
import re
import shutil
import signal
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.broker import free_port
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.site import STAGES, Site, to_toml
from demo.verdict import Judge
from installer.package import write_sums
from tests.support.installed import Computer
from tests.support.node import eventually
from tests.support.packed import write_sqlite_statements

pytestmark = [pytest.mark.node, pytest.mark.package, pytest.mark.xdist_group("package")]

NEWER = "77.1.0"
BROKEN = "78.0.0"


class Clinic(Computer):
    """Компьютер клиники: портал и база рядом."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.site = Site(folder / "site", visits=4)
        self.site.prepare(fresh=True)
        self.portal: PortalServer = self.site.portal(PortalOptions(rate=1000, threshold=1000))

    def answers(self) -> Path:
        """Пишет файл ответов: демонстрационная клиника и эмулятор портала."""
        clinic = self.site.clinic.settings()
        databases = [{**database, "dialect": "sqlite"} for database in clinic["databases"]]  # type: ignore[attr-defined]
        sections = {
            "install": {"redis_port": free_port(), "portal_setup": True, "preview": False},
            "portal": {"webhook": self.portal.url, "category_id": 1, "stages": dict(STAGES)},
            "databases": databases,
            "branches": clinic["branches"],
            "node": {"sql_dir": str(write_sqlite_statements(self.folder / "sql"))},
            "sync": {"interval": 2},
            "flower": {"port": free_port()},
            "monitor": {"port": free_port()},
        }
        path = self.folder / "answers.toml"
        path.write_text(to_toml(sections), encoding="utf-8")
        return path

    def moved(self) -> bool:
        """Отвечает, верен ли портал по правилам."""
        settings = self.site.settings(self.layout.settings)
        judge = Judge(settings, self.portal.state, self.site.memory.manual)
        return bool(judge.judge(self.site.memory.built_at).matches)


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Clinic]:
    computer = Clinic(tmp_path)
    with computer.portal:
        yield computer
        computer.stop()


def test_from_install_to_uninstall(computer: Clinic, unpacked: Path, tmp_path: Path) -> None:
    """ТЗ 4.4 № 1–3, 5.3 № 1: установка, осмотр, перенос, обновление, откат негодного, удаление."""
    installed = computer.service(unpacked, "install", "--answers", str(computer.answers()))
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert verified(computer.units()) == ""
    assert_closed(computer)
    eventually(computer.moved)
    assert_examined(computer)

    killed = computer.main_pid("ident-bitrix-node")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: computer.main_pid("ident-bitrix-node") != killed)

    settings_before = computer.layout.settings.read_bytes()
    updated = computer.service(newer(unpacked, tmp_path / "newer", NEWER), "update")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert NEWER in computer.version()
    assert computer.layout.settings.read_bytes() == settings_before
    computer.site.live(6, random.Random(7))
    eventually(computer.moved)
    assert_examined(computer)

    spoiled = newer(unpacked, tmp_path / "spoiled", BROKEN)
    (spoiled / "program" / "ident-bitrix").write_text("#!/bin/sh\nexit 1\n")
    changed = computer.service(tmp_path / "newer", "update", "--package", str(spoiled))
    assert (changed.returncode, "не та, что собрана" in changed.stderr) == (2, True), changed.stderr
    write_sums(spoiled)
    refused = computer.service(tmp_path / "newer", "update", "--package", str(spoiled))
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert f"Вернулась версия {NEWER}" in refused.stdout
    assert NEWER in computer.version()
    assert_examined(computer)

    removed = computer.service(unpacked, "uninstall", "--purge")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert left_behind(computer.folder / "root") == []


def newer(package: Path, folder: Path, version: str) -> Path:
    """Делает из пакета пакет следующей версии: номер версии записан в нём один раз."""
    shutil.copytree(package, folder)
    project = folder / "program" / "_internal" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', text), encoding="utf-8")
    write_sums(folder)
    return folder


def verified(units: list[Path]) -> str:
    """Возвращает, что не понравилось systemd-analyze в юнитах."""
    assert len(units) == 3
    told = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False
    )
    ours = [line for line in told.stderr.splitlines() if "ident-bitrix" in line]
    return "\n".join(ours)


def assert_closed(computer: Clinic) -> None:
    """Проверяет права: посторонним закрыты настройки, состояние, журналы; секретов в открытом виде нет."""
    text = computer.layout.settings.read_text(encoding="utf-8")
    assert tomllib.loads(text)["redis"]["url"].startswith("enc:")
    assert [f for f in computer.layout.data if f.exists() and stat.S_IMODE(f.stat().st_mode) & 0o077] == []
    assert stat.S_IMODE(computer.layout.settings.stat().st_mode) == 0o600
    redis = (computer.layout.redis / "redis.conf").read_text()
    assert "bind 127.0.0.1\n" in redis
    assert "appendonly yes\n" in redis


def assert_examined(computer: Clinic) -> None:
    """Осматривает установку: ни одного отказа."""
    eventually(lambda: computer.doctor().returncode == 0)


def left_behind(root: Path) -> list[str]:
    """Возвращает файлы, оставшиеся после удаления (кроме выводов подделки systemctl)."""
    return [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in (".log", ".main", ".pid")
    ]
