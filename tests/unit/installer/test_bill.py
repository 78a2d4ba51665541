"""Ведомость пакета: что внутри, какой версии и по какой лицензии."""

import json
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

from deploy.package.bill import BILL, NOTICE, bill, libraries, licence_of, write_bill
from installer.supplies import supplies

LOCK = """celery==1.0 \\
    --hash=sha256:00
    # via kombu
pydantic-settings-of-nobody==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
redis[hiredis]==3.0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "package.lock").write_text(LOCK, encoding="utf-8")
    return tmp_path


def test_installed_libraries_of_the_list_are_named_with_their_texts(root: Path) -> None:
    celery, redis = libraries(root / "requirements" / "package.lock")
    assert (celery.version, redis.version) == (version("celery"), version("redis"))
    assert celery.purl == f"pkg:pypi/celery@{version('celery')}"
    assert "Redistribution and use" in "".join(celery.texts)


@pytest.mark.parametrize("name", ["celery", "redis", "pydantic", "cryptography", "tornado", "pyodbc"])
def test_every_kind_of_licence_note_is_understood(name: str) -> None:
    assert licence_of(distribution(name)) not in ("", "см. текст")


def test_bill_is_the_same_for_the_same_contents(root: Path) -> None:
    parts = list(libraries(root / "requirements" / "package.lock"))
    assert bill("1.0.0", parts) == bill("1.0.0", parts)
    assert bill("1.0.0", parts)["serialNumber"] != bill("1.0.1", parts)["serialNumber"]


def test_programs_of_others_are_in_the_bill_too(root: Path) -> None:
    write_bill(root, root, "1.0.0", supplies())
    written = json.loads((root / BILL).read_text(encoding="utf-8"))
    names = {part["name"]: part["version"] for part in written["components"]}
    assert names["Redis-7.2.16-Windows-x64-msys2.zip"] == "7.2.16"
    assert "Python" in names
    assert "LGPL" in (root / NOTICE).read_text(encoding="utf-8")
