"""Общие подставки проверок: настоящий Redis, портал-эмулятор, браузер."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from hypothesis import HealthCheck, settings

from demo.broker import redis_server as find_redis_server
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.shots.camera import CHROMIUM, QUIET
from tests.support.absent import absent
from tests.support.redis_process import RedisProcess
from tests.windows.reasons import skip_on_windows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Машина проверок бывает занята: время примера ничего не говорит о правиле.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

# Прогон, запущенный в фоне, глух к Ctrl+C и завещает это детям; а проверки останавливают ими живые команды.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Под Windows пропускает проверки с пометкой ``windows_cannot``: причина — слово из закрытого списка."""
    skip_on_windows(items)


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """Один redis-server на процесс проверок."""
    if find_redis_server() is None:
        absent("redis-server")
    with RedisProcess(tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture
def redis_url(redis_process: RedisProcess) -> str:
    """Адрес чистого Redis."""
    with redis_process.client() as client:
        client.flushall()
    return redis_process.url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """Клиент чистого Redis."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def portal() -> Iterator[PortalServer]:
    """Портал без задержек, с просторным пределом частоты."""
    with PortalServer(PortalOptions(rate=1000, threshold=1000)) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> str:
    """Путь к настоящему Chromium."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        absent("Chromium")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    """Один Chromium на модуль: пока он открыт, соседям по процессу недоступен asyncio."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Пустая папка."""
    return tmp_path
