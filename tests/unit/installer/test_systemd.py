"""Юниты: закрыты от остальной системы, перезапускаются, ждут вежливой остановки."""

import subprocess
from pathlib import Path

import pytest

from installer.layout import linux_layout
from installer.ports import Service
from installer.roles import FLOWER, NODE, REDIS, services_of, stopping
from installer.systemd import unit


@pytest.fixture
def services(tmp_path: Path) -> list[Service]:
    layout = linux_layout(tmp_path)
    layout.program.parent.mkdir(parents=True)
    for path in (layout.program, tmp_path / "redis-server"):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return services_of(layout, [REDIS, NODE, FLOWER], str(tmp_path / "redis-server"))


@pytest.mark.windows_cannot("systemd")
def test_systemd_accepts_the_units(services: list[Service], tmp_path: Path) -> None:
    for service in services:
        (tmp_path / f"ident-bitrix-{service.key}.service").write_text(unit(service, "root"))
    files = sorted(map(str, tmp_path.glob("*.service")))
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "ident-bitrix" in line] == []
    assert len(files) == 3


@pytest.mark.windows_cannot("systemd")
def test_systemd_finds_the_units_well_closed(services: list[Service], tmp_path: Path) -> None:
    for service in services:
        path = tmp_path / f"ident-bitrix-{service.key}.service"
        path.write_text(unit(service, "ident-bitrix"))
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-1500:]


def test_unit_restarts_without_counting_and_waits_for_a_polite_stop(services: list[Service]) -> None:
    for service in services:
        lines = unit(service, "ident-bitrix").splitlines()
        assert {"Restart=always", "RestartSec=10", "StartLimitIntervalSec=0"} <= set(lines)
        assert f"TimeoutStopSec={service.stop_seconds}" in lines


def test_redis_hears_only_this_computer(services: list[Service]) -> None:
    lines = unit(services[0], "ident-bitrix").splitlines()
    assert {"IPAddressDeny=any", "IPAddressAllow=localhost"} <= set(lines)


def test_services_stop_in_reverse_order() -> None:
    assert stopping([REDIS, NODE, FLOWER]) == [FLOWER, NODE, REDIS]
