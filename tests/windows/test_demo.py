"""Демонстрация под Windows: клиника перенесена до конца, портал верен."""

import json

import pytest

from tests.windows.project import Project

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("windows")]


def test_demo_moves_the_clinic_and_the_portal_matches(project: Project) -> None:
    done = project.manage("demo", "--once", "--json", "--fresh", timeout=900)
    told = json.loads(next(line for line in done.text.splitlines() if line.startswith("{")))
    assert (told["portal_matches"], told["differences"], told["waiting"]) == (True, [], 0)
    assert told["expected"] > 200
    assert "Traceback" not in done.text
    assert done.code == 0, done.text
    assert done.left == (), "демонстрация кончилась, а дети её — нет"
