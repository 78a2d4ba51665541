"""Путь администратора: портал с пустого места → осмотр → выборка; повтор ничего не меняет."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctor import main as doctor
from cli.portal import main as portal_command
from config.loader import load_settings
from config.rights import restrict
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from services.container import Services
from services.sync.feed import Outcome
from tests.support.redis_process import RedisProcess
from tests.support.world import World


@pytest.fixture
def durable_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """Redis, который переживёт отключение питания."""
    with RedisProcess(tmp_path / "redis", aof=True) as process:
        yield process


def findings(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Осматривает установку; возвращает всё, что не хорошо."""
    capsys.readouterr()
    doctor(["--json", "--config", str(path)])
    told = json.loads(capsys.readouterr().out)["findings"]
    return {one["check"]: one["text"] for one in told if one["level"] != "ok"}


def test_setup_on_an_empty_portal_then_doctor_then_sync_is_all_green(
    tmp_path: Path, durable_redis: RedisProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with PortalServer(PortalOptions(rate=1000, threshold=1000, empty=True)) as portal:
        pace = {"requests_per_second": 2.0, "burst": 50}
        world = World(
            tmp_path / "clinic", durable_redis.url, portal, portal=pace, alerts={"bitrix_users": [1]}
        )
        for place in (world.path, world.path.parent):
            restrict(place)
        assert portal_command(["setup", "--yes", "--config", str(world.path)]) == 0
        world.services = Services(load_settings(world.path), world.clock, pause=lambda _: None)
        world.services.watch.run()
        assert findings(world.path, capsys) == {}
        uids = [f"F1_{world.book(world.patient(phone=f'+7903555000{number}'))}" for number in range(5)]
        assert world.sync() == [Outcome.CREATED] * 5
        assert {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()} == set(uids)
        assert findings(world.path, capsys) == {}
        before, text = portal.state.to_json(), world.path.read_bytes()
        assert portal_command(["setup", "--yes", "--config", str(world.path)]) == 0
        assert portal.state.to_json() == before
        assert world.path.read_bytes() == text
        world.close()
