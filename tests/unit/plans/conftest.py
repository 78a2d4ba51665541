"""Маленькая база с планами лечения."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.ident.plan_source import IdentPlanSource
from tests.fakes_ident import SmallIdent

NOW = datetime(2024, 12, 29, 12, 0)


@pytest.fixture
def ident(tmp_path: Path) -> Iterator[SmallIdent]:
    """Пустая клиника: пациент 1 «Лунёва Алсу Ильинична», врач 2 «Зорин Лев Маратович»."""
    ident = SmallIdent(tmp_path, NOW)
    yield ident
    ident.source.close()


@pytest.fixture
def plans(ident: SmallIdent) -> IdentPlanSource:
    """Чтение планов этой базы."""
    return IdentPlanSource(ident.source)
