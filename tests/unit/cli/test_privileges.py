"""Команда под root: права отданы владельцу настроек насовсем, снимков памяти не остаётся."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("posix", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
PROBE = """
import json, os, resource, sys
from pathlib import Path
from cli.privileges import become_owner, forbid_dumps
from config.rights import account_name

forbid_dumps()
told = become_owner(Path(sys.argv[1]))
try:
    os.setuid(0)
    back = True
except PermissionError:
    back = False
print(json.dumps({
    "told": told, "uid": os.geteuid(), "groups": os.getgroups(), "back": back, "who": account_name(),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[0], "umask": os.umask(0),
}))
"""


def probed(folder: Path) -> dict[str, Any]:
    """Возвращает, кем стала команда, чьи настройки лежат в папке."""
    command = [sys.executable, "-c", PROBE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="root")
def test_root_becomes_the_owner_of_the_settings_for_good(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    found = probed(tmp_path)
    assert (found["told"], found["uid"], found["groups"], found["back"]) == (
        "nobody",
        NOBODY,
        [NOBODY],
        False,
    )
    assert found["who"] != "nobody", "журнал безопасности назовёт того, кто выполнил команду"
    assert found["umask"] == 0o077


def test_owner_of_the_settings_stays_himself(tmp_path: Path) -> None:
    assert probed(tmp_path)["told"] is None
    assert probed(tmp_path)["uid"] == os.geteuid()
    assert probed(tmp_path / "нет")["told"] is None


def test_fallen_program_leaves_no_picture_of_its_memory(tmp_path: Path) -> None:
    assert probed(tmp_path)["core"] == 0
