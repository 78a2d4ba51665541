"""Права файлов: режим POSIX по-настоящему, команды Windows — с подделкой запуска."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from config.rights import broad_access, restrict, restricting_command, strangers


def test_file_and_folder_are_closed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch(0o666)
    for path in (file, tmp_path):
        restrict(path)
        assert strangers(path) == []


@pytest.mark.parametrize(
    ("mode", "who"), [(0o640, ["группе"]), (0o604, ["всем"]), (0o666, ["группе", "всем"])]
)
def test_open_file_names_who_can_read(tmp_path: Path, mode: int, who: list[str]) -> None:
    file = tmp_path / "a"
    file.touch()
    file.chmod(mode)
    assert strangers(file) == who


def test_windows_command_leaves_system_administrators_and_the_service(tmp_path: Path) -> None:
    command = restricting_command(tmp_path, "NT SERVICE\\IdentBitrix")
    assert command[:3] == ["icacls", str(tmp_path), "/inheritance:r"]
    assert "*S-1-5-18:(OI)(CI)F" in command
    assert "*S-1-5-32-544:(OI)(CI)F" in command
    assert "NT SERVICE\\IdentBitrix:(OI)(CI)F" in command


def test_windows_rights_are_set_by_that_command(tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []
    restrict(tmp_path, asked.append, platform="win32")
    assert asked == [restricting_command(tmp_path)]


CLOSED = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;S-1-5-80-1234)"
OPEN = "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;FR;;;WD)(D;;FA;;;AN)"


@pytest.mark.parametrize(("sddl", "who"), [(CLOSED, []), (OPEN, ["пользователи", "все"])])
def test_windows_descriptor_names_broad_groups(sddl: str, who: list[str]) -> None:
    assert broad_access(sddl) == who


def test_windows_rights_are_read_from_the_saved_descriptor(tmp_path: Path) -> None:
    def icacls(command: Sequence[str]) -> None:
        Path(command[3]).write_text(f"a\n{OPEN}\n", encoding="utf-16")

    assert strangers(tmp_path, icacls, platform="win32") == ["пользователи", "все"]
