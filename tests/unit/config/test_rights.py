"""Права файлов: режим POSIX по-настоящему, команды Windows — с подделкой запуска."""

import codecs
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.rights import WindowsRights, account_name, outsiders, restrict, service_sid, strangers
from installer.commands import run

posix = pytest.mark.windows_cannot("posix")


@posix
def test_file_and_folder_are_closed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch(0o666)
    for path in (file, tmp_path):
        restrict(path)
        assert strangers(path) == []


@posix
@pytest.mark.parametrize(
    ("mode", "who"), [(0o640, ["группе"]), (0o604, ["всем"]), (0o666, ["группе", "всем"])]
)
def test_open_file_names_who_can_read(tmp_path: Path, mode: int, who: list[str]) -> None:
    file = tmp_path / "a"
    file.touch()
    file.chmod(mode)
    assert strangers(file) == who


OWN = "S-1-5-21-1-2-3-1001"
NODE = service_sid("IdentBitrixNode")


class Windows:
    """Windows понарошку: запоминает команды; описатель у всех файлов один."""

    def __init__(self, sddl: str, refuse: str = "") -> None:
        self.sddl, self.refuse = sddl, refuse
        self.commands: list[Sequence[str]] = []
        self.rights = WindowsRights(self.run, lambda _: self.sddl, lambda: OWN, lambda: "icacls.exe")

    def run(self, command: Sequence[str]) -> None:
        self.commands.append(command)
        if self.refuse and self.refuse in command:
            raise OSError("отказано")


CLOSED = f"O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;{NODE})(A;;FA;;;{OWN})"
OPEN = "O:BAD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;FR;;;WD)(D;;FA;;;AN)"


def test_windows_rights_leave_system_administrators_and_the_one_who_runs(tmp_path: Path) -> None:
    windows = Windows(OPEN)
    windows.rights.restrict(tmp_path)
    reset, command = windows.commands
    assert reset == ["icacls.exe", str(tmp_path), "/reset", "/q"], "записи, сделанные прежде, остались бы"
    assert command[:3] == ["icacls.exe", str(tmp_path), "/inheritance:r"]
    assert [word for word in command if word.startswith("*")] == [
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        f"*{OWN}:(OI)(CI)F",
    ]


def test_file_of_a_closed_folder_takes_the_access_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    windows = Windows(CLOSED)
    windows.rights.restrict(file)
    assert windows.commands == [["icacls.exe", str(file), "/reset", "/q"]]


@pytest.mark.parametrize(
    ("sddl", "who"),
    [
        (CLOSED, []),
        (OPEN, ["пользователи", "все"]),
        ("O:BAD:P", []),
        ("O:BAD:P(D;;FA;;;WD)(A;;FA;;;SY)", []),
        ("O:BAD:(A;;FR;;;S-1-1-0)", ["все"]),
        ("O:BAD:(A;;FR;;;DU)(A;;FR;;;DG)", ["пользователи домена", "гости домена"]),
        ("O:BAD:(A;;FR;;;NU)(A;;FR;;;AC)(A;;FR;;;LG)", ["вошедшие по сети", "приложения Магазина", "гость"]),
        ('O:BAD:(XA;;FX;;;BU;(@User.Title=="PM" && (Member_of {SID(BA)})))', ["пользователи"]),
        ("O:BAD:(OA;;FR;;;AU)", ["прошедшие проверку"]),
        ("O:BAD:(A;;FA;;;S-1-5-21-1-2-3-1002)", ["S-1-5-21-1-2-3-1002"]),
        ("O:BAD:(A;;FA;;;S-1-5-80-1-2-3-4-5)", ["S-1-5-80-1-2-3-4-5"]),
        ("O:BAD:(A;;FA;;;LA)", ["LA"]),
        ("O:BAD:NO_ACCESS_CONTROL", ["все"]),
        ("O:BA", ["все"]),
    ],
)
def test_whoever_is_not_known_is_a_stranger(sddl: str, who: list[str], tmp_path: Path) -> None:
    assert Windows(sddl).rights.strangers(tmp_path) == who


def test_built_in_administrator_knows_himself_by_his_alias() -> None:
    assert outsiders("O:BAD:(A;;FA;;;LA)", ["S-1-5-21-1-2-3-500"]) == []


def test_account_of_a_service_is_derived_as_windows_does() -> None:
    """SID службы TrustedInstaller известен всем."""
    known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert service_sid("TrustedInstaller") == known


def test_name_of_the_one_who_runs_is_not_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "кто-то другой")
    assert account_name() != "кто-то другой"


@pytest.mark.parametrize(
    ("sddl", "who"),
    [
        ("O:BAD:(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;OICIIO;GA;;;CO)(A;;FRFX;;;AC)", []),
        (f"O:BAD:(A;;FA;;;{service_sid('TrustedInstaller')})(A;;FA;;;{OWN})", []),
        ("O:BAD:AI(A;OICIID;FA;;;SY)(A;OICIID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)", ["прошедшие проверку"]),
        ("O:BAD:(A;;FW;;;BU)", ["пользователи"]),
        ("O:BAD:(A;;FRSD;;;S-1-5-21-1-2-3-1002)", ["S-1-5-21-1-2-3-1002"]),
        ("O:BAD:NO_ACCESS_CONTROL", ["все"]),
    ],
    ids=["Program Files", "TrustedInstaller", "папка в корне C:", "запись", "удаление", "без списка"],
)
def test_whoever_may_change_a_folder_is_named(sddl: str, who: list[str], tmp_path: Path) -> None:
    assert Windows(sddl).rights.writers(tmp_path) == who


@pytest.mark.parametrize(
    ("sddl", "owner"),
    [
        ("O:BAD:P", None),
        ("O:SYD:P", None),
        (f"O:{OWN}D:P", None),
        ("O:S-1-5-21-1-2-3-1002D:P", "S-1-5-21-1-2-3-1002"),
        ("O:LGD:P", "гость"),
        ("D:P", "неизвестно кому"),
    ],
)
def test_owner_who_is_not_ours_is_named(sddl: str, owner: str | None, tmp_path: Path) -> None:
    assert Windows(sddl).rights.foreign_owner(tmp_path) == owner


@pytest.mark.parametrize(
    "door",
    ["from cli.__main__ import main; main(['--version'])", "import tasks; tasks.celery"],
    ids=["команда", "celery -A tasks"],
)
def test_keys_of_connections_are_written_nowhere(tmp_path: Path, door: str) -> None:
    """С SSLKEYLOGFILE каждый контекст TLS записал бы ключи соединения в названный файл."""
    log = tmp_path / "keys.log"
    probe = f"{door}; import ssl; print(ssl.create_default_context().keylog_filename)"
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=Path(__file__).resolve().parents[3],
        env={**os.environ, "SSLKEYLOGFILE": str(log)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split()[-1], log.exists()) == ("None", False)


TOLD = "обработанный файл: settings.toml"


@posix  # вместо icacls — сценарий sh
@pytest.mark.parametrize(
    "answer",
    [codecs.BOM_UTF16_LE + TOLD.encode("utf-16-le"), TOLD.encode("utf-16-le"), TOLD.encode("cp866")],
    ids=["UTF-16 с BOM", "UTF-16 без BOM", "OEM"],
)
def test_answer_of_icacls_in_any_encoding_hinders_nothing(answer: bytes, tmp_path: Path) -> None:
    """Чем ответит icacls, неизвестно: права читает вызов системы, а её вывод и файл ``/save`` — никто."""
    program, file = tmp_path / "icacls", tmp_path / "settings.toml"
    file.touch()
    (tmp_path / "answer").write_bytes(answer)
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat {tmp_path}/answer\n', "utf-8")
    program.chmod(0o755)
    rights = WindowsRights(describe=lambda _: CLOSED, sid=lambda: OWN, icacls=lambda: str(program))
    rights.restrict(tmp_path)
    rights.restrict(file)
    assert rights.strangers(file) == []
    assert "/save" not in (tmp_path / "asked").read_text("utf-8")
    run([str(program), str(file), "/reset"])  # дверь установщика: её ответ попадает в текст отказа
