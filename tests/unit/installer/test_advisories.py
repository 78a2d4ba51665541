"""Сверка состава пакета с известными уязвимостями: по архиву OSV, без него — громко не сверено."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from cli.package import check_advisories
from deploy.package.advisories import Advisories, known
from deploy.package.bill import Part
from deploy.package.bundle import BuildError

PARTS = [
    Part("Urllib3", "2.5.0", "MIT", (), "pkg:pypi/urllib3@2.5.0"),
    Part("Redis.zip", "2.5.0", "BSD", ()),
]


def dump(folder: Path, *records: dict[str, object]) -> Path:
    """Пишет архив сообщений."""
    path = folder / "all.zip"
    with ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(record))
    return path


def advisory(name: str = "urllib3", ecosystem: str = "PyPI", **affected: object) -> dict[str, object]:
    """Строит сообщение OSV."""
    about = {"package": {"ecosystem": ecosystem, "name": name}, **affected}
    return {"id": "GHSA-1", "modified": "2026-11-20T10:00:00Z", "summary": "беда", "affected": [about]}


def events(*pairs: tuple[str, str]) -> dict[str, object]:
    """Строит промежутки версий."""
    return {"ranges": [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in pairs]}]}


@pytest.mark.parametrize(
    "affected",
    [
        {"versions": ["2.4.0", "2.5.0"]},
        events(("introduced", "0"), ("fixed", "2.5.1")),
        events(("introduced", "0"), ("fixed", "1.26"), ("introduced", "2.0"), ("last_affected", "2.5.0")),
    ],
)
def test_vulnerable_part_is_named(tmp_path: Path, affected: dict[str, object]) -> None:
    found = known(PARTS, dump(tmp_path, advisory(**affected)))
    assert found == Advisories("2026-11-20", ["urllib3 2.5.0: GHSA-1 беда"])


@pytest.mark.parametrize(
    "record",
    [
        advisory(versions=["2.5.1"]),
        advisory(**events(("introduced", "0"), ("fixed", "2.5.0"))),
        advisory(**events(("introduced", "2.6"))),
        advisory(**events(("introduced", "0"), ("last_affected", "2.4.9"))),
        advisory("requests", versions=["2.5.0"]),
        advisory("Redis.zip", versions=["2.5.0"]),
        advisory(ecosystem="npm", versions=["2.5.0"]),
        {**advisory(versions=["2.5.0"]), "withdrawn": "2026-11-21T00:00:00Z"},
    ],
)
def test_other_advisories_are_not_ours(tmp_path: Path, record: dict[str, object]) -> None:
    assert known(PARTS, dump(tmp_path, record)).found == []


def test_unreadable_archive_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_text("не архив", encoding="utf-8")
    with pytest.raises(BuildError, match="не читается"):
        known(PARTS, tmp_path / "all.zip")


def test_check_that_was_not_made_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    check_advisories(None)
    assert "НЕ СВЕРЕН" in capsys.readouterr().err


def test_vulnerable_package_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="celery"):
        check_advisories(dump(tmp_path, advisory("celery", **events(("introduced", "0")))))
