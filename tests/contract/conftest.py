"""Подставки проверок договора: один портал-эмулятор на процесс, чистый для каждой проверки."""

from collections.abc import Iterator

import pytest

from demo.portal.funnel import build_demo_portal
from demo.portal.limits import OperatingMeter
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from services.store.bundle import Store
from tests.support.rest import Rest
from tests.support.state import fresh_redis

GENEROUS = PortalOptions(rate=1000, threshold=1000)


@pytest.fixture(scope="session")
def running_portal() -> Iterator[PortalServer]:
    """Портал, который поднимают один раз: остановка сервера дольше самой проверки."""
    with PortalServer(GENEROUS) as server:
        yield server


@pytest.fixture
def portal(running_portal: PortalServer) -> PortalServer:
    """Чистый портал клиники."""
    running_portal.state.load(build_demo_portal(GENEROUS).to_json())
    engine = running_portal.portal
    engine.faults.clear()
    engine.operating = OperatingMeter(GENEROUS.operating_limit, engine.clock)
    running_portal.stats.clear()
    return running_portal


@pytest.fixture
def rest(portal: PortalServer) -> Rest:
    """Вебхук чистого портала."""
    return Rest(portal)


@pytest.fixture(params=["fakeredis", "redis-server"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Хранилище на чистом Redis: на подделке, которой живут быстрые проверки, и на настоящем сервере."""
    real = request.param == "redis-server"
    store = Store(request.getfixturevalue("redis_client") if real else fresh_redis(), "ident")
    yield store
    store.close()
