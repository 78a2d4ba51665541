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
