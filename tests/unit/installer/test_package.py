"""Пакет перед установкой: программа — ровно та, что собрана; подменить её некому."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installer.layout import linux_layout
from installer.package import SUMS, Package, write_sums
from installer.ports import InstallError
from installer.rehearsal import Stage


@pytest.fixture
def package(tmp_path: Path) -> Package:
    (tmp_path / "program" / "_internal").mkdir(parents=True)
    (tmp_path / "program" / "ident-bitrix").write_bytes(b"program")
    (tmp_path / "program" / "_internal" / "library.dll").write_bytes(b"library")
    (tmp_path / "sql.txt").write_text("USE PZ", encoding="utf-8")
    write_sums(tmp_path)
    return Package(tmp_path)


def change(package: Package) -> None:
    (package.program / "ident-bitrix").write_bytes(b"another")


def add(package: Package) -> None:
    (package.program / "version.dll").write_bytes(b"planted")


def lose(package: Package) -> None:
    (package.program / "_internal" / "library.dll").unlink()


def forget(package: Package) -> None:
    (package.folder / SUMS).unlink()


def spoil(package: Package) -> None:
    (package.folder / SUMS).write_text("нет\n", encoding="utf-8")


def test_whole_package_is_taken(package: Package) -> None:
    package.verify()
    (package.folder / "sql.txt").write_text("USE OTHER", encoding="utf-8")
    package.verify()


@pytest.mark.parametrize("act", [change, add, lose, forget, spoil])
def test_package_that_is_not_the_one_built_is_refused(
    package: Package, act: Callable[[Package], None]
) -> None:
    act(package)
    with pytest.raises(InstallError):
        package.verify()


def test_spoiled_package_is_neither_installed_nor_updated_to(stage: Stage) -> None:
    (stage.package("1.0.0").program / "version.dll").write_bytes(b"planted")
    with pytest.raises(InstallError, match=r"program/version\.dll"):
        stage.install("1.0.0")
    assert stage.windows.commands == []


def test_package_that_others_may_change_is_refused_on_windows(stage: Stage) -> None:
    """C:\\Install: новые папки в корне диска открыты всем вошедшим."""
    folder = stage.package("1.0.0").folder
    stage.descriptors = {folder: "O:BAD:AI(A;OICIID;FA;;;BA)(A;OICIID;0x1301bf;;;AU)"}
    with pytest.raises(InstallError, match="прошедшие проверку"):
        stage.install("1.0.0")
    assert stage.windows.commands == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="posix")
def test_package_that_others_may_change_is_refused_on_linux(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    from installer.linux import LinuxHost

    host = LinuxHost(linux_layout(package.folder / "root"), lambda command: "")
    host.trust(package.folder)
    package.program.chmod(0o777)
    with pytest.raises(InstallError, match="могут менять"):
        host.trust(package.folder)
    package.program.chmod(0o755)
    os.chown(package.folder, 1000, 1000)
    with pytest.raises(InstallError, match="могут менять"):
        host.trust(package.folder)
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1000")
    host.trust(package.folder)
    package.folder.chmod(0o775)
    host.trust(package.folder)
    os.chown(package.folder, 1000, 100)
    with pytest.raises(InstallError, match="могут менять"):
        host.trust(package.folder)
