"""Всё состояние процесса на одном клиенте Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
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
        identity = identity or Identity()
        keys = Keys(prefix, identity.databases)
        self.redis = redis
        self.outbox = RedisOutbox(redis, keys)
        self.cursors = RedisCursors(redis, keys)
        self.links = RedisLinks(redis, keys)
        self.locks = RedisLocks(redis, keys)
        epoch = RedisEpoch(keys, identity.mark, identity.quarantine)
        owner = identity.secret_id, identity.portal_id
        self.gate = RedisSendGate(redis, keys, epoch, owner, identity.pauses)
        self.ticks = RedisTicks(redis, keys)
        self.pulse = RedisPulse(redis, keys)
        self.backfills = RedisBackfills(redis, keys)
        self.stats = RedisStats(redis, keys)
        self.portal_stats = RedisPortalStats(redis, keys)
        self.alert_memory = RedisAlertMemory(redis, keys)

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
