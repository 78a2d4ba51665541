"""Всё состояние процесса на одном клиенте Redis."""

from functools import cached_property
from typing import TYPE_CHECKING

from services.store.alert_memory import RedisAlertMemory
from services.store.connection import RedisClient, open_redis
from services.store.cursors import RedisCursors
from services.store.gate import RedisSendGate
from services.store.keys import Keys
from services.store.links import RedisLinks
from services.store.locks import RedisLocks
from services.store.outbox import RedisOutbox
from services.store.portal_stats import RedisPortalStats
from services.store.stats import RedisStats

if TYPE_CHECKING:
    from config.models import RedisSettings


class Store:
    """Очередь, курсоры, память, замки, ворота и счётчики."""

    def __init__(self, redis: RedisClient, prefix: str) -> None:
        self.redis, self._keys = redis, Keys(prefix)

    @cached_property
    def outbox(self) -> RedisOutbox:
        """Очередь отправки."""
        return RedisOutbox(self.redis, self._keys)

    @cached_property
    def cursors(self) -> RedisCursors:
        """Курсоры."""
        return RedisCursors(self.redis, self._keys)

    @cached_property
    def links(self) -> RedisLinks:
        """Память о доставленном."""
        return RedisLinks(self.redis, self._keys)

    @cached_property
    def locks(self) -> RedisLocks:
        """Замки."""
        return RedisLocks(self.redis, self._keys)

    @cached_property
    def gate(self) -> RedisSendGate:
        """Ворота отправки."""
        return RedisSendGate(self.redis, self._keys)

    @cached_property
    def stats(self) -> RedisStats:
        """Счётчики."""
        return RedisStats(self.redis, self._keys)

    @cached_property
    def portal_stats(self) -> RedisPortalStats:
        """Счётчики портала."""
        return RedisPortalStats(self.redis, self._keys)

    @cached_property
    def alert_memory(self) -> RedisAlertMemory:
        """Память об уведомлениях."""
        return RedisAlertMemory(self.redis, self._keys)

    def close(self) -> None:
        """Закрывает соединения."""
        self.redis.close()


def open_store(settings: "RedisSettings") -> Store:
    """Собирает состояние по настройкам; соединение откроется при первом обращении."""
    return Store(open_redis(settings), settings.prefix)
