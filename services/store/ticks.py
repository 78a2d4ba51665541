"""Талоны периодических задач: двойное расписание и залежавшиеся сообщения безвредны.

Расписание перед отправкой берёт талон, задача перед работой его гасит. Второе расписание талона в том же
промежутке не получит; сообщение с устаревшим талоном (узел стоял, копия доставлена дважды) не работает.
Так накопившееся не выстреливает пачкой, и чужие часы, в отличие от ``expires``, ни на что не влияют.
"""

from datetime import timedelta
from uuid import uuid4

from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys

#: Столько талонов подряд можно не гасить; дальше каждый следующий ждёт на промежуток дольше, но не дольше
#: SLOW: сообщения, потерянные разом (узел убит с ними в памяти), задержат работу на промежуток-другой, а за
#: сутки без исполнителя тысячи сообщений не накопятся.
PATIENCE = 3
SLOW = timedelta(minutes=4)

# KEYS: tick; ARGV: талон, промежуток в мс, терпение, самый редкий промежуток в мс. 1 — талон выдан.
# Девять десятых промежутка: расписание тикает неровно, опоздавший на миг талон не должен пропасть.
ISSUE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or '0')
local unread = tonumber(redis.call('HGET', KEYS[1], 'unread') or '0')
local pause = tonumber(ARGV[2]) * 0.9
pause = math.max(pause, math.min(pause * (unread - tonumber(ARGV[3]) + 2), tonumber(ARGV[4])))
if now >= at and now < at + pause then return 0 end
redis.call('HSET', KEYS[1], 'ticket', ARGV[1], 'at', string.format('%.0f', now), 'unread', unread + 1)
return 1
"""

# KEYS: tick; ARGV: талон. Гасит талон: копия того же сообщения уже не сработает.
REDEEM = """
if redis.call('HGET', KEYS[1], 'ticket') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'ticket', '', 'unread', 0)
return 1
"""


class RedisTicks:
    """Талоны в Redis; время — по его часам."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._keys = keys
        self._issue, self._redeem = redis.register_script(ISSUE), redis.register_script(REDEEM)

    def issue(self, name: str, every: timedelta) -> str | None:
        """Выдаёт талон; None — в этом промежутке его уже выдали."""
        ticket = uuid4().hex
        slow = int(SLOW.total_seconds() * 1000)
        arguments = [ticket, int(every.total_seconds() * 1000), PATIENCE, slow]
        with store_errors():
            issued = self._issue(keys=[self._keys.tick(name)], args=arguments)
        return ticket if issued else None

    def redeem(self, name: str, ticket: str) -> bool:
        """Гасит талон; False — он устарел или уже погашен."""
        with store_errors():
            return bool(self._redeem(keys=[self._keys.tick(name)], args=[ticket]))
