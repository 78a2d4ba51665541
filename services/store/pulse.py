"""Признаки жизни узлов: когда каждый в последний раз выполнил задачу из своей очереди и что с ним."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.domain.signs import NodeSigns
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

#: Узел, молчащий дольше, выключен: что с его диском, уже не узнать.
FRESH = timedelta(minutes=5)

# KEYS: nodes, states; ARGV: имя узла, состояние. Время — по часам Redis: у узлов они свои.
BEAT = """
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], time[1])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
"""


class RedisPulse:
    """Узлы, время их последнего признака жизни и их состояние."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, (keys.nodes(), keys.node_states())
        self._beat = redis.register_script(BEAT)

    def beat(self, node: str, signs: NodeSigns | None = None) -> None:
        """Отмечает, что узел жив и выполняет задачи; запоминает его состояние."""
        state = json.dumps([signs.disk_used, signs.settings_refused], ensure_ascii=False) if signs else ""
        with store_errors():
            self._beat(keys=self._keys, args=[node, state])

    def ages(self) -> Mapping[str, timedelta]:
        """Возвращает, сколько времени прошло с последнего признака жизни каждого узла."""
        with store_errors():
            seconds, _ = self._redis.time()
            found = self._redis.hgetall(self._keys[0])
        return {node: timedelta(seconds=max(0, seconds - int(at))) for node, at in found.items()}

    def nodes(self) -> Sequence[NodeSigns]:
        with store_errors():
            states = self._redis.hgetall(self._keys[1])
        alive = sorted(node for node, age in self.ages().items() if age < FRESH and node in states)
        return [NodeSigns(node, *json.loads(states[node])) for node in alive]

    def answers(self) -> bool:
        from redis.exceptions import RedisError

        try:
            return bool(self._redis.ping())
        except RedisError:
            return False
