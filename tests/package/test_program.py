"""Собранная программа работает без Python: переносит клинику на портал, показывает страницы, знает версию."""

import hashlib
import json
import os
import re
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.version import version
from demo.broker import broker, free_port
from demo.portal.options import PortalOptions
from demo.site import Site
from tests.support.node import eventually
from tests.support.packed import Clinic, Packed, Running, write_sqlite_statements

pytestmark = [pytest.mark.node, pytest.mark.package, pytest.mark.xdist_group("package")]


@pytest.fixture(scope="session")
def packed(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return Packed(unpacked / "program" / "ident-bitrix", tmp_path_factory.mktemp("home"))


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    site = Site(tmp_path / "site", visits=6)
    site.prepare(fresh=True)
    statements = write_sqlite_statements(tmp_path / "sql")
    databases = [{**database, "dialect": "sqlite"} for database in site.clinic.settings()["databases"]]  # type: ignore[attr-defined]
    extra = {
        "databases": databases,
        "node": {"state_dir": str(site.folder), "sql_dir": str(statements)},
        "flower": {"port": free_port()},
        "monitor": {"port": free_port()},
    }
    with (
        broker(site.folder / "redis") as redis,
        site.portal(PortalOptions(rate=1000, threshold=1000)) as portal,
    ):
        clinic = Clinic(site, portal, site.write_settings(portal.url, redis.url, interval=2, extra=extra))
        yield clinic
        clinic.services.close()


def test_program_without_python_moves_the_clinic_to_the_portal(packed: Packed, clinic: Clinic) -> None:
    """ТЗ 2.2: исполняемый файл; критерий 5.1 № 1 — теми же приёмами."""
    with Running(packed, "run", "--config", str(clinic.settings)) as node:
        eventually(clinic.settled)
        eventually(lambda: not clinic.differences())
    assert node.code == 0, f"узел завершился кодом {node.code}:\n{node.text()[-3000:]}"
    journal = next(clinic.services.settings.journal.folder.glob("integration_log_*.txt"))
    assert f"версия={version()}" in journal.read_text(encoding="utf-8")
    assert clinic.portal.stats.commands > 20


def test_flower_of_the_program_asks_for_the_password_and_lets_in(packed: Packed, clinic: Clinic) -> None:
    page = f"http://127.0.0.1:{clinic.services.settings.flower.port}/"
    with Running(packed, "flower", "--config", str(clinic.settings)):
        eventually(lambda: answer(page) == 401)
        password = (clinic.services.settings.node.state_dir / "flower.password").read_text().strip()
        assert answer(page, password) == 200


def answer(page: str, password: str | None = None) -> int:
    request = urllib.request.Request(page)
    if password:
        request.add_header("Authorization", f"Basic {b64encode(f'ident:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def test_program_tells_the_version_of_the_project(packed: Packed) -> None:
    assert packed.call("--version").stdout.startswith(f"ident-bitrix {version()} (Python 3.")


def test_program_offers_only_what_a_clinic_needs(packed: Packed) -> None:
    offered = re.findall(r"^  (\w+) ", packed.call("--help").stdout, re.M)
    assert {"run", "doctor", "secrets", "flower"} <= set(offered)
    assert not {"demo", "test", "docs", "bench", "package"} & set(offered)
    assert packed.call("demo").returncode == 2


def test_every_command_of_the_program_explains_itself(packed: Packed) -> None:
    for name in re.findall(r"^  (\w+) ", packed.call("--help").stdout, re.M):
        told = packed.call(name, "--help")
        assert told.returncode == 0, told.stderr
        assert f"ident-bitrix {name}" in told.stdout


def test_words_of_the_developer_do_not_reach_the_clinic(unpacked: Path) -> None:
    texts = [path for path in unpacked.rglob("*") if path.suffix in (".md", ".txt", ".toml", ".ps1")]
    assert [path.name for path in texts if b"manage.py" in path.read_bytes()] == []


def test_program_carries_no_demonstration_and_no_tools(packed: Packed) -> None:
    names = set(re.findall(rb"\b([a-z]\w*)\.\w+", packed.program.read_bytes()))
    assert {b"cli", b"services", b"celery", b"flower"} <= names
    assert not {b"demo", b"bench", b"sqlglot", b"fakeredis", b"hypothesis", b"pytest"} & names


def test_checksums_of_the_package_hold(unpacked: Path) -> None:
    lines = (unpacked / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    files = {
        Path(place, name).relative_to(unpacked).as_posix(): Path(place, name)
        for place, _, names in os.walk(unpacked)
        for name in names
    }
    files.pop("SHA256SUMS")
    assert set(listed) == set(files)
    assert [name for name, path in files.items() if sha256(path) != listed[name]] == []


def test_package_names_every_foreign_part_and_its_licence(unpacked: Path) -> None:
    """NOTICE и ведомость CycloneDX: всё из списка рабочих зависимостей, что ставится на эту систему."""
    bill = json.loads((unpacked / "bom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    versions = {part["name"].lower(): part["version"] for part in bill["components"]}
    assert {"python", "celery", "redis", "flower", "pydantic", "cryptography"} <= set(versions)
    assert all(part["licenses"][0]["license"]["name"] for part in bill["components"])
    notice = (unpacked / "NOTICE.txt").read_text(encoding="utf-8")
    assert f"celery {versions['celery']} — BSD" in notice
    assert "Permission is hereby granted" in notice


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
