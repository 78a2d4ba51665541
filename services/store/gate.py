"""Можно ли слать на портал: остановка (Fatal), предохранитель при сбоях, потерянная память (СПЕЦ 3.3.2).

Остановка принадлежит вебхуку: сменили секрет — старая остановка к нему не относится, отправка идёт сама.
Предохранитель — порталу: лежит он для всех вебхуков сразу.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.domain.outbox import Halt
from services.store.connection import RedisClient, store_errors
from services.store.epoch import LOOK, RedisEpoch
from services.store.keys import Keys

THRESHOLD = 5
#: 10 с, 30 с, минута, дальше — раз в цикл выборки.
PAUSES = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2))

#: Проба, о которой столько не слышно (узел убит), сменяется следующей.
PROBE = timedelta(seconds=30)

# KEYS: breaker; ARGV: now, порог, паузы через запятую.
# Удар во время паузы — отголосок уже летевших запросов: паузу он не удлиняет.
BROKE = """
local now = tonumber(ARGV[1])
local till = tonumber(redis.call('HGET', KEYS[1], 'open_until') or '0')
local probing = redis.call('HGET', KEYS[1], 'probing') == '1'
if now < till and not probing then return 0 end
local breaks = redis.call('HINCRBY', KEYS[1], 'breaks', 1)
if breaks < tonumber(ARGV[2]) then return 0 end
local pauses = {}
for pause in string.gmatch(ARGV[3], '[^,]+') do table.insert(pauses, tonumber(pause)) end
local step = redis.call('HINCRBY', KEYS[1], 'step', 1)
local pause = pauses[math.min(step, #pauses)]
redis.call('HSET', KEYS[1], 'open_until', string.format('%.3f', now + pause), 'span', pause, 'probing', '0')
if step == 1 then return 1 end
return 0
"""

# KEYS: breaker, epoch; ARGV: now, срок пробы, 1 — взять пробу, затем доводы look.
# Возвращает, сколько ждать (-1 — слать можно), отметку памяти и конец карантина. В карантине пробы не берут.
# Ждать дольше самой паузы велят только часы, переведённые назад: их не слушаем.
# После паузы пробует один, остальные ждут его исхода; проба, о которой не слышно, сменяется следующей.
RETRY_IN = """
local id, quarantine = look(KEYS[2], ARGV[4], ARGV[5], ARGV[6])
local till = tonumber(redis.call('HGET', KEYS[1], 'open_until') or '0')
local now = tonumber(ARGV[1])
local span = tonumber(redis.call('HGET', KEYS[1], 'span') or '0')
local rests = tonumber(quarantine) > now and tonumber(quarantine) <= tonumber(ARGV[6]) + 1
if till == 0 then return {'-1', id, quarantine} end
if now < till and till <= now + span + 1 then return {string.format('%.3f', till - now), id, quarantine} end
if ARGV[3] == '1' and not rests then
  local probe = tonumber(ARGV[2])
  redis.call('HSET', KEYS[1], 'open_until', string.format('%.3f', now + probe), 'span', probe, 'probing', '1')
end
return {'-1', id, quarantine}
"""

# KEYS: breaker; ARGV: now. Возвращает пробу, до портала не дошедшую: следующая пойдёт сразу.
GIVE_BACK = """
if redis.call('HGET', KEYS[1], 'probing') ~= '1' then return 0 end
redis.call('HSET', KEYS[1], 'open_until', ARGV[1], 'span', 0, 'probing', '0')
return 1
"""

# KEYS: breaker; ARGV: now. Возвращает 1, если предохранитель был открыт.
SUCCEEDED = """
local was = redis.call('HDEL', KEYS[1], 'breaks', 'open_until', 'span', 'step', 'probing')
redis.call('HSET', KEYS[1], 'last_success', ARGV[1])
return was
"""

# KEYS: halt; ARGV: reason, message, at. Первая причина важнее последующих.
HALT = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'message', ARGV[2], 'at', ARGV[3])
return 1
"""


class RedisSendGate:
    """Остановка вебхука и предохранитель портала (``owner`` — их оттиски), карантин памяти."""

    def __init__(
        self,
        redis: RedisClient,
        keys: Keys,
        epoch: RedisEpoch,
        owner: tuple[str, str] = ("", ""),
        pauses: Sequence[timedelta] = PAUSES,
    ) -> None:
        self._redis, self._epoch, self._pauses = redis, epoch, pauses
        self._halt_key, self._breaker = keys.halt(owner[0]), keys.breaker(owner[1])
        self._paused_key = keys.paused()
        self._broke = redis.register_script(BROKE)
        self._retry_in = redis.register_script(LOOK + RETRY_IN)
        self._succeeded = redis.register_script(SUCCEEDED)
        self._give_back = redis.register_script(GIVE_BACK)
        self._halt = redis.register_script(HALT)

    def halted(self) -> Halt | None:
        with store_errors():
            fields = self._redis.hgetall(self._halt_key)
        return _halt(fields) if fields else None

    def halt(self, halt: Halt) -> None:
        """Останавливает отправку; первая причина важнее последующих."""
        with store_errors():
            self._halt(keys=[self._halt_key], args=[halt.reason, halt.message, halt.at.isoformat()])

    def resume(self) -> None:
        """Снимает остановку и закрывает предохранитель."""
        with store_errors():
            self._redis.delete(self._halt_key, self._breaker)

    def blocked_for(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать, не занимая пробы."""
        return self._wait(now, probe=False)

    def retry_in(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать; после паузы пропускает одну пробу за раз."""
        return self._wait(now, probe=True)

    def give_back(self, now: datetime) -> None:
        """Возвращает пробу, если она взята: запись до портала не дошла, исхода ждать не от кого."""
        with store_errors():
            self._give_back(keys=[self._breaker], args=[now.timestamp()])

    def succeeded(self, now: datetime) -> None:
        with store_errors():
            self._succeeded(keys=[self._breaker], args=[now.timestamp()])

    def broke(self, now: datetime) -> bool:
        """Считает сбой связи; True — предохранитель открылся этим сбоем."""
        pauses = ",".join(f"{pause.total_seconds():g}" for pause in self._pauses)
        with store_errors():
            return bool(self._broke(keys=[self._breaker], args=[now.timestamp(), THRESHOLD, pauses]))

    def last_success(self) -> datetime | None:
        with store_errors():
            found = self._redis.hget(self._breaker, "last_success")
        return datetime.fromtimestamp(float(found), UTC) if found else None

    def _wait(self, now: datetime, probe: bool) -> timedelta | None:
        probing = min(self._pauses[-1], PROBE).total_seconds()
        arguments = [now.timestamp(), probing, int(probe), *self._epoch.asked(now)]
        with store_errors():
            wait, epoch, until = self._retry_in(keys=[self._breaker, self._epoch.key], args=arguments)
        if (left := self._epoch.quarantine(epoch, float(until), now)) is not None:
            return left
        return None if float(wait) < 0 else timedelta(seconds=float(wait))

    def shut(self) -> bool:
        """Отвечает, остановлена ли отправка или стоит на паузе."""
        with store_errors():
            return bool(self._redis.exists(self._halt_key, self._paused_key))

    def paused(self) -> datetime | None:
        with store_errors():
            since = self._redis.get(self._paused_key)
        return datetime.fromisoformat(str(since)) if since else None

    def pause(self, now: datetime) -> None:
        """Ставит паузу; повторная времени первой не меняет."""
        with store_errors():
            self._redis.set(self._paused_key, now.isoformat(), nx=True)

    def unpause(self) -> None:
        with store_errors():
            self._redis.delete(self._paused_key)


def _halt(fields: dict[str, str]) -> Halt:
    return Halt(fields["reason"], fields["message"], datetime.fromisoformat(fields["at"]))
