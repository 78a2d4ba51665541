"""Площадка репетиции Windows."""

from pathlib import Path

import pytest

from installer.rehearsal import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)
