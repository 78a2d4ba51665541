"""Подставки проверок на настоящих Redis и портале."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.portal.server import PortalServer
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[World]:
    """Мир с чистыми базой, Redis и порталом."""
    world = World(tmp_path / "world", redis_url, portal)
    yield world
    world.close()


@pytest.fixture
def hasty(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[World]:
    """Мир, где портал заведомо доделывает потерянный запрос за полсекунды."""
    world = World(tmp_path / "hasty", redis_url, portal, portal={"uncertainty": 0.5})
    yield world
    world.close()
