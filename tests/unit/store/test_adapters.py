"""Переходники Redis: сбои без адреса и пароля, надёжность сервера, имена ключей."""

import inspect
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.models import RedisSettings
from demo.broker import free_port
from services.domain.cursor import ChangePoint
from services.domain.errors import StoreError
from services.domain.outbox import Claim, Halt, Link, Rejection
from services.store.bundle import Store, open_store
from services.store.durability import durability_warnings
from services.store.keys import Keys, branch_of

NOW = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
TTL = timedelta(seconds=5)
CLAIM = Claim("F1_1", 1, 0, "жетон")

CALLS: dict[str, Callable[[Store], Any]] = {
    "outbox.put": lambda store: store.outbox.put(["F1_1"], NOW, TTL),
    "outbox.claim": lambda store: store.outbox.claim("F1_1", NOW, TTL),
    "outbox.complete": lambda store: store.outbox.complete(CLAIM, NOW),
    "outbox.due": lambda store: store.outbox.due("F1", NOW, TTL, 5),
    "outbox.depth": lambda store: store.outbox.depth("F1"),
    "cursors.load": lambda store: store.cursors.load("F1"),
    "cursors.save": lambda store: store.cursors.save("F1", ChangePoint(NOW, 1)),
    "cursors.reset": lambda store: store.cursors.reset("F1"),
    "links.get": lambda store: store.links.get(["F1_1"]),
    "links.save": lambda store: store.links.save("F1_1", Link("", None), NOW),
    "links.reject": lambda store: store.links.reject(Rejection("F1_1", "", "", NOW)),
    "links.contact": lambda store: store.links.contact("оттиск"),
    "locks.hold": lambda store: store.locks.hold("приём", TTL).__enter__(),
    "gate.halted": lambda store: store.gate.halted(),
    "gate.halt": lambda store: store.gate.halt(Halt("", "", NOW)),
    "gate.broke": lambda store: store.gate.broke(NOW),
    "gate.retry_in": lambda store: store.gate.retry_in(NOW),
    "stats.count": lambda store: store.stats.count("F1", "read", NOW),
    "stats.totals": lambda store: store.stats.totals("F1", NOW, NOW + TTL),
    "stats.notes": lambda store: store.stats.notes("F1"),
}


@pytest.fixture(scope="module")
def nowhere() -> Store:
    """Хранилище, сервер которого не отвечает; без повторов, чтобы не ждать."""
    return Store(Redis(port=free_port(), decode_responses=True, retry=Retry(NoBackoff(), 0)), "ident")


@pytest.mark.parametrize("name", CALLS)
def test_absent_redis_is_a_temporary_trouble_without_its_address(nowhere: Store, name: str) -> None:
    with pytest.raises(StoreError, match="Redis недоступен") as caught:
        CALLS[name](nowhere)
    assert "127.0.0.1" not in str(caught.value)


def test_password_of_redis_is_in_no_error() -> None:
    url = SecretStr(f"redis://:s3cr3t@127.0.0.1:{free_port()}/0")
    store = open_store(RedisSettings(url=url, socket_timeout=0.2))
    with pytest.raises(StoreError) as caught:
        store.cursors.load("F1")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    store.close()


def test_store_gives_each_part_once(nowhere: Store) -> None:
    assert nowhere.outbox is nowhere.outbox
    nowhere.close()


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({"appendonly": "yes", "maxmemory-policy": "noeviction"}, 0),
        ({"appendonly": "yes"}, 0),
        ({"appendonly": "no", "maxmemory-policy": "noeviction"}, 1),
        ({"appendonly": "no", "maxmemory-policy": "allkeys-lru"}, 2),
        ({}, 1),
    ],
    ids=str,
)
def test_server_that_may_lose_the_queue_is_noticed(config: dict[str, str], count: int) -> None:
    assert len(durability_warnings(config)) == count


def names_of(prefix: str) -> list[str]:
    """Возвращает все имена ключей установки."""
    parts = {"record", "database", "entries"}  # из них складываются имена
    kinds = [name for name, made in vars(Keys).items() if name[0] != "_" and callable(made)]
    kinds = [name for name in kinds if name not in parts]
    makers = [getattr(Keys(prefix), name) for name in kinds]
    return [str(make(*("x" for _ in inspect.signature(make).parameters))) for make in makers]


def test_installations_share_no_key() -> None:
    first, second = names_of("a"), names_of("b")
    assert len(set(first)) == len(first) >= 12
    assert all(name.startswith("a:") for name in first)
    assert not set(first) & set(second)


def test_branch_of_a_record_is_in_its_key() -> None:
    assert branch_of("F12_345") == "F12"
