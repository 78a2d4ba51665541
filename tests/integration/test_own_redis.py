"""Свой Redis установки: настоящий сервер понимает redis.conf, пускает по паролю, опасного не выполняет."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo.broker import free_port, redis_server
from installer.redis_conf import FILE, write_redis_conf
from tests.support.node import eventually

pytestmark = pytest.mark.node


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Адрес настоящего Redis с настройками установщика."""
    program, port = redis_server(), free_port()
    assert program is not None, "нет redis-server"
    url = write_redis_conf(tmp_path, port)
    process = subprocess.Popen([program, FILE], cwd=tmp_path, stdout=subprocess.DEVNULL)
    client = redis.Redis.from_url(url)
    eventually(lambda: answers(client))
    yield url
    client.close()
    process.terminate()
    process.wait(timeout=20)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_own_redis_lets_in_by_the_password_alone(address: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(address) as client:
        assert client.eval("return redis.call('SET', KEYS[1], 'x')", 1, "a") == b"OK"
    stranger = redis.Redis.from_url(address.replace(":" + address.split(":")[2].split("@")[0] + "@", ""))
    with pytest.raises(redis.AuthenticationError), stranger:
        stranger.ping()
    password = address.split(":")[2].split("@")[0]
    assert password not in (tmp_path / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    ["RESTORE a 0 b", "MIGRATE 127.0.0.1 1 a 0 1", "REPLICAOF NO ONE", "SLAVEOF NO ONE", "MODULE LIST"],
)
def test_own_redis_refuses_what_the_node_never_asks(address: str, command: str) -> None:
    with redis.Redis.from_url(address) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())
