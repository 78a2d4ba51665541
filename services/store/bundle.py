"""Всё состояние процесса на одном клиенте Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from services.domain.errors import StoreError
from services.store.alert_memory import RedisAlertMemory
from services.store.backfills import RedisBackfills
from services.store.connection import RedisClient, open_redis, store_errors
from services.store.cursors import RedisCursors
from services.store.durability import UNKNOWN, durability_warnings
from services.store.epoch import RedisEpoch
from services.store.gate import PAUSES, RedisSendGate
from services.store.keys import Keys
from services.store.links import RedisLinks
from services.store.locks import RedisLocks
from services.store.outbox import RedisOutbox
from services.store.portal_stats import RedisPortalStats
from services.store.pulse import RedisPulse
from services.store.stats import RedisStats
from services.store.ticks import RedisTicks

if TYPE_CHECKING:
    from config.models import RedisSettings


@dataclass(frozen=True, slots=True)
class Identity:
    """Чьё это состояние: оттиски вебхука и портала, отметка памяти на диске, карантин после её потери,
    филиал → база."""

    secret_id: str = ""
    portal_id: str = ""
    mark: Path | None = None
    quarantine: timedelta = timedelta(seconds=65)
    pauses: tuple[timedelta, ...] = PAUSES
    databases: Mapping[str, str] = field(default_factory=dict)


class Store:
    """Очередь, курсоры, память, замки, ворота, талоны и счётчики."""

    def __init__(self, redis: RedisClient, prefix: str, identity: Identity | None = None) -> None:
        self.redis, self._identity = redis, identity or Identity()
        self._keys = Keys(prefix, self._identity.databases)

    @cached_property
    def outbox(self) -> RedisOutbox:
        return RedisOutbox(self.redis, self._keys)

    @cached_property
    def cursors(self) -> RedisCursors:
        return RedisCursors(self.redis, self._keys)

    @cached_property
    def links(self) -> RedisLinks:
        return RedisLinks(self.redis, self._keys)

    @cached_property
    def locks(self) -> RedisLocks:
        return RedisLocks(self.redis, self._keys)

    @cached_property
    def epoch(self) -> RedisEpoch:
        return RedisEpoch(self.redis, self._keys, self._identity.mark, self._identity.quarantine)

    @cached_property
    def gate(self) -> RedisSendGate:
        identity = self._identity
        owner = identity.secret_id, identity.portal_id
        return RedisSendGate(self.redis, self._keys, owner, self.epoch, identity.pauses)

    @cached_property
    def ticks(self) -> RedisTicks:
        return RedisTicks(self.redis, self._keys)

    @cached_property
    def pulse(self) -> RedisPulse:
        return RedisPulse(self.redis, self._keys)

    @cached_property
    def backfills(self) -> RedisBackfills:
        return RedisBackfills(self.redis, self._keys)

    @cached_property
    def stats(self) -> RedisStats:
        return RedisStats(self.redis, self._keys)

    @cached_property
    def portal_stats(self) -> RedisPortalStats:
        return RedisPortalStats(self.redis, self._keys)

    @cached_property
    def alert_memory(self) -> RedisAlertMemory:
        return RedisAlertMemory(self.redis, self._keys)

    def durability(self) -> Sequence[str]:
        """Возвращает замечания к настройкам Redis: переживёт ли он отключение питания."""
        from redis.exceptions import ResponseError

        try:
            with store_errors():
                return durability_warnings(self.redis.config_get("*"))
        except StoreError as error:
            if isinstance(error.__context__, ResponseError):
                return [UNKNOWN]
            raise

    def close(self) -> None:
        self.redis.close()


def open_store(settings: "RedisSettings", identity: Identity | None = None) -> Store:
    """Собирает состояние по настройкам; соединение откроется при первом обращении."""
    return Store(open_redis(settings), settings.prefix, identity)
