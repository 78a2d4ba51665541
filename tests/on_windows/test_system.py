"""Вызовы Windows, которыми пользуется программа: DPAPI, права, замена файла, имена, кодировки."""

import io
import os
from pathlib import Path

import pytest

from cli.console import coloured
from config import windows
from config.dpapi import FORMER, Dpapi, WrapError
from config.files import replace_text
from config.rights import outsiders, restrict, strangers
from config.secrets import new_key, read_keys, write_key
from installer.commands import run


def test_key_is_wrapped_by_the_system_and_opens_again(tmp_path: Path) -> None:
    key = new_key()
    write_key(tmp_path / "key", key)
    written = (tmp_path / "key").read_text("ascii")
    assert written.startswith("dpapi2:")
    assert key not in written
    assert read_keys(tmp_path / "key") == [key]


def test_wrapping_survives_any_text() -> None:
    assert Dpapi().unwrap(Dpapi().wrap("ключ" * 500)) == "ключ" * 500


def test_file_open_to_everyone_is_told_and_closed(tmp_path: Path) -> None:
    file = tmp_path / "Настройки клиники.toml"
    file.touch()
    os.chmod(file, 0o666)
    run(["icacls.exe", str(file), "/grant", "*S-1-1-0:R"])
    assert strangers(file) == ["все"]
    restrict(file)
    assert strangers(file) == []


def test_folder_is_closed_with_what_it_holds(tmp_path: Path) -> None:
    restrict(tmp_path)
    (tmp_path / "inner").touch()
    restrict(tmp_path / "inner")
    assert strangers(tmp_path) + strangers(tmp_path / "inner") == []


def test_descriptor_names_the_one_who_runs(tmp_path: Path) -> None:
    restrict(tmp_path)
    told = windows.descriptor(tmp_path)
    assert told.startswith("O:")
    assert outsiders(told, [windows.account_sid()]) == []


def test_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="WinError 2"):
        windows.descriptor(tmp_path / "нет")


def test_account_has_a_sid_and_a_name() -> None:
    assert windows.account_sid().startswith("S-1-5-")
    domain, _, name = windows.account_name().partition("\\")
    assert domain
    assert name


def test_environment_cannot_change_who_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = windows.account_name()
    for variable in ("USERNAME", "USER", "LOGNAME"):
        monkeypatch.setenv(variable, "другой")
    assert windows.account_name() == before


def test_settings_are_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "настройки.toml"
    for text in ("раз = 1\n", "два = 2\n"):
        replace_text(file, text)
    assert file.read_text("utf-8") == "два = 2\n"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_file_held_by_an_editor_is_named_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("прежнее", "utf-8")
    with file.open(encoding="utf-8"), pytest.raises(OSError, match=r"settings\.toml"):
        replace_text(file, "новое")
    assert file.read_text("utf-8") == "прежнее"


def test_commands_of_the_system_lie_in_its_folder() -> None:
    assert (windows.system_folder() / "icacls.exe").is_file()


def test_pipe_is_no_coloured_window() -> None:
    class Window(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert coloured(Window(), "win32") is False


def test_windows_opens_only_with_the_same_addition() -> None:
    sealed = Dpapi().wrap("key")
    assert Dpapi().unwrap(sealed) == "key"
    with pytest.raises(WrapError):
        Dpapi(entropy=b"other").unwrap(sealed)
    with pytest.raises(WrapError):
        FORMER.unwrap(sealed)
    assert FORMER.unwrap(FORMER.wrap("key")) == "key"
