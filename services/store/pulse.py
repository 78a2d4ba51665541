"""Признаки жизни узлов: когда каждый в последний раз выполнил задачу из своей очереди."""

from collections.abc import Mapping
from datetime import timedelta

from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

# KEYS: nodes; ARGV: имя узла. Время — по часам Redis: у узлов они свои.
BEAT = """
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], time[1])
"""


class RedisPulse:
    """Узлы и время их последнего признака жизни."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._key = redis, keys.nodes()
        self._beat = redis.register_script(BEAT)

    def beat(self, node: str) -> None:
        """Отмечает, что узел жив и выполняет задачи."""
        with store_errors():
            self._beat(keys=[self._key], args=[node])

    def ages(self) -> Mapping[str, timedelta]:
        """Возвращает, сколько времени прошло с последнего признака жизни каждого узла."""
        with store_errors():
            seconds, _ = self._redis.time()
            found = self._redis.hgetall(self._key)
        return {node: timedelta(seconds=max(0, seconds - int(at))) for node, at in found.items()}

    def forget(self, node: str) -> None:
        """Забывает узел, который остановили нарочно."""
        with store_errors():
            self._redis.hdel(self._key, node)

    def answers(self) -> bool:
        """Отвечает, доступен ли Redis."""
        from redis.exceptions import RedisError

        try:
            return bool(self._redis.ping())
        except RedisError:
            return False
