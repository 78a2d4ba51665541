"""Компьютер с Linux для проверок пакета: свой корень, свои systemctl и redis-server."""

import subprocess
import sys
from pathlib import Path

from demo.broker import redis_server
from installer.layout import Layout, linux_layout


class Computer:
    """Компьютер клиники: свой корень, своя systemctl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout: Layout = linux_layout(folder / "root")
        self.programs = folder / "bin"
        self.programs.mkdir()
        script = self.programs / "systemctl"
        script.write_text(
            f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("systemctl.py")} "$@"\n'
        )
        script.chmod(0o755)
        server = redis_server()
        assert server is not None
        (self.programs / "redis-server").symlink_to(server)

    def service(self, package: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Выполняет команду service программой пакета."""
        action, *rest = arguments
        places = ["--root", str(self.folder / "root"), "--account", "root"]
        return subprocess.run(
            [str(package / "program" / "ident-bitrix"), "service", action, *places, *rest],
            env={
                "PATH": str(self.programs),
                "LANG": "C.UTF-8",
                "SYSTEMD_UNITS": str(self.layout.units),
            },
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    def version(self) -> str:
        """Возвращает, что говорит о себе установленная команда."""
        return self.call("--version").stdout

    def doctor(self) -> "subprocess.CompletedProcess[str]":
        """Осматривает установку её собственной командой."""
        return self.call("doctor")

    def call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Выполняет установленную команду; Python в её окружении нет."""
        return subprocess.run(
            [str(self.layout.command), *arguments],
            env={"PATH": "/nonexistent", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def units(self) -> list[Path]:
        """Возвращает юниты установки."""
        return sorted(self.layout.units.glob("*.service"))

    def main_pid(self, name: str) -> int:
        """Возвращает номер процесса службы."""
        return int((self.layout.units / f"{name}.service.main").read_text())

    def stop(self) -> None:
        """Останавливает всё, что запустила установка."""
        for unit in self.units():
            subprocess.run(
                [str(self.programs / "systemctl"), "stop", unit.name],
                env={"SYSTEMD_UNITS": str(self.layout.units)},
                check=False,
            )
