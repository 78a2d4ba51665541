"""Собранная программа под root среди папок взломанной службы: ни чужих файлов, ни чужого кода под root."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.support.packed import Packed

pytestmark = [
    pytest.mark.node,
    pytest.mark.package,
    pytest.mark.xdist_group("package"),
    pytest.mark.skipif(os.geteuid() != 0, reason="root"),
]

ACCOUNT = pwd.getpwnam("nobody")
SETTINGS = """
[portal]
webhook = "http://127.0.0.1:9/rest/1/code/"
category_id = 1

[redis]
url = "redis://127.0.0.1:9/0"

[node]
state_dir = "{root}/state"
entities = ["{root}/etc/code.py"]

[journal]
folder = "{root}/logs"

[[databases]]
id = "D1"
type = "sqlite"
path = "{root}/state/none.db"
dialect = "sqlite"

[[branches]]
number = 1
name = "Филиал"
database = "D1"
"""
CODE = """
import os
from pathlib import Path

Path("{root}/state/ran").write_text(str(os.geteuid()))
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """Папки, открытые для прохода всем: в обычную временную папку служба не войдёт."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def packed(unpacked: Path, root: Path) -> Packed:
    """Программа там, где её прочтёт и служба."""
    program = shutil.copytree(unpacked / "program", root / "program")
    return Packed(program / "ident-bitrix", root)


@pytest.fixture
def settings(root: Path) -> Path:
    """Настройки, журналы и состояние взломанной учётной записи."""
    path = root / "etc" / "settings.toml"
    for name in ("etc", "state", "logs"):
        (root / name).mkdir(mode=0o700)
    path.write_text(SETTINGS.format(root=root), encoding="utf-8")
    (root / "etc" / "code.py").write_text(CODE.format(root=root), encoding="utf-8")
    (root / "etc" / "code.sql").write_text("SELECT 1", encoding="utf-8")
    for place in (root / "etc", root / "state", root / "logs", *(root / "etc").iterdir()):
        os.chown(place, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
    return path


@pytest.fixture
def victim(root: Path) -> Path:
    """Файл root."""
    path = root / "shadow"
    path.write_text("root:x\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("prefix", ["security", "integration"])
def test_journal_replaced_by_a_link_leads_root_nowhere(
    packed: Packed, root: Path, settings: Path, victim: Path, prefix: str
) -> None:
    (root / "logs" / f"{prefix}_log_{date.today():%Y-%m-%d}.txt").symlink_to(victim)
    packed.call("secrets", "rotate", "--config", str(settings))
    packed.call("state", "show", "--config", str(settings))
    assert (victim.read_text(encoding="utf-8"), victim.stat().st_uid) == ("root:x\n", 0)


def test_settings_replaced_by_a_link_are_not_read_as_root(
    packed: Packed, settings: Path, victim: Path
) -> None:
    settings.unlink()
    settings.symlink_to(victim)
    told = packed.call("secrets", "list", "--config", str(settings))
    assert "не читается" in told.stderr
    assert told.returncode == 2


def test_code_named_in_the_settings_does_not_run_as_root(packed: Packed, root: Path, settings: Path) -> None:
    """Файлы добавленных сущностей — код; настройки принадлежат службе."""
    packed.call("doctor", "--config", str(settings))
    assert (root / "state" / "ran").read_text() == str(ACCOUNT.pw_uid)


def test_what_the_administrator_writes_belongs_to_the_service(
    packed: Packed, root: Path, settings: Path
) -> None:
    assert packed.call("secrets", "init", "--config", str(settings)).returncode == 0
    packed.call("doctor", "--config", str(settings))
    written = [path for name in ("etc", "state", "logs") for path in (root / name).rglob("*")]
    assert {path.stat().st_uid for path in written} == {ACCOUNT.pw_uid}
