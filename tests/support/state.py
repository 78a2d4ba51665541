"""Хранилище для быстрых проверок: настоящий код на ``fakeredis`` с Lua; без Lua — настоящий сервер."""

import atexit
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.support.redis_process import RedisProcess


def fresh_redis() -> Any:
    """Возвращает клиент пустого Redis."""
    try:
        import lupa  # noqa: F401  # у нового Python его колеса бывает ещё нет
    except ImportError:
        client = _server().client()
        client.flushall()
        return client
    import fakeredis

    return fakeredis.FakeRedis(server=fakeredis.FakeServer(), decode_responses=True)


@cache
def _server() -> RedisProcess:
    """Один сервер на процесс проверок."""
    process = RedisProcess(Path(mkdtemp(prefix="state-")))
    process.start()
    atexit.register(process.stop)
    return process
