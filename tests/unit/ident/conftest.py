"""Маленькая база Ident для каждой проверки."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes_ident import SmallIdent


@pytest.fixture
def ident(tmp_path: Path) -> Iterator[SmallIdent]:
    """Даёт базу с врачом, кабинетом и прейскурантом."""
    base = SmallIdent(tmp_path, datetime(2024, 12, 29, 12, 0))
    yield base
    base.source.close()
