"""Установщик над настоящими командами Windows: sc, net, reg, icacls, cmd."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.rights import strangers
from installer.commands import run
from installer.layout import Layout, windows_layout
from installer.ports import CommandFailed, ServiceState
from installer.roles import FLOWER, NODE, REDIS, services_of
from installer.sql_servers import REGISTRY, in_registry
from installer.windows import WindowsHost

#: Служба-проба: зовётся так, как установщик назвал бы службу с ключом «probe».
PROBE, PROBE_NAME = "probe", "IdentBitrixProbe"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return windows_layout(
        {"ProgramFiles": str(tmp_path / "Program Files"), "ProgramData": str(tmp_path / "ProgramData")}
    )


@pytest.fixture
def host(layout: Layout, tmp_path: Path) -> WindowsHost:
    def supply(key: str) -> Path:
        archive = tmp_path / f"{key}.zip"
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("Redis-7/redis-server.exe", b"MZ")
        return archive

    return WindowsHost(layout, run, supply)


@pytest.fixture
def probe() -> Iterator[str]:
    """Служба, которую ничто не запускало."""
    run(["sc.exe", "create", PROBE_NAME, "binPath=", r"C:\windows\system32\cmd.exe"])
    yield PROBE_NAME
    run(["sc.exe", "delete", PROBE_NAME])


def test_rights_of_the_administrator_are_seen(host: WindowsHost) -> None:
    host.require_rights()


@pytest.mark.windows_cannot("wine")  # sc в Wine отвечает кодом 1 вместо 1060
def test_absent_service_is_absent(host: WindowsHost) -> None:
    assert host.services.state("nosuch") is ServiceState.ABSENT


def test_service_that_never_ran_is_stopped(host: WindowsHost, probe: str) -> None:
    assert host.services.state(PROBE) is ServiceState.STOPPED


@pytest.mark.windows_cannot("wine")  # sc в Wine отвечает кодом 1 вместо 1060
def test_refusal_of_a_command_carries_its_code() -> None:
    with pytest.raises(CommandFailed) as refused:
        run(["sc.exe", "query", "nosuchservice"])
    assert refused.value.code == 1060


def test_missing_command_is_a_failed_command() -> None:
    with pytest.raises(CommandFailed):
        run(["nosuchprogram.exe"])


def test_folders_are_closed_to_strangers(host: WindowsHost, layout: Layout) -> None:
    host.protect(services_of(layout, [REDIS, NODE, FLOWER], r"C:\redis-server.exe"))
    assert {folder.name: strangers(folder) for folder in layout.data} == {
        folder.name: [] for folder in layout.data
    }


def test_command_of_the_administrator_runs_the_program(
    host: WindowsHost, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IDENT_BITRIX_CONFIG", raising=False)  # иначе её подставит уже внешняя cmd
    host.write_command()
    layout.program.parent.mkdir(parents=True)
    layout.program.write_bytes(Path(os.environ["COMSPEC"]).read_bytes())
    told = run(["cmd.exe", "/c", str(layout.command), "/c", "echo", "%IDENT_BITRIX_CONFIG%"])
    assert str(layout.settings) in told


def test_redis_is_unpacked_from_its_archive(host: WindowsHost) -> None:
    server = host.redis_server()
    assert (server.name, server.read_bytes()) == ("redis-server.exe", b"MZ")


def test_forgetting_twice_is_harmless(host: WindowsHost, layout: Layout) -> None:
    host.write_command()
    for _ in range(2):
        host.forget()
    assert not layout.command.exists()


def test_sql_servers_are_read_from_the_real_registry() -> None:
    run(["reg.exe", "add", REGISTRY, "/v", "PZSQLSERVER", "/d", "MSSQL15.PZSQLSERVER", "/f"])
    try:
        assert [found.instance for found in in_registry(run)] == ["PZSQLSERVER"]
    finally:
        run(["reg.exe", "delete", REGISTRY, "/f"])


@pytest.mark.windows_cannot("wine")
def test_link_to_the_version_moves(host: WindowsHost, layout: Layout) -> None:
    for version in ("1.0.0", "1.1.0"):
        (layout.versions / version).mkdir(parents=True)
        host.point(layout.versions / version)
        assert layout.current.resolve().name == version
