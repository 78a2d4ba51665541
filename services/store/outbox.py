"""Очередь отправки в Redis: каждый переход — один неделимый сценарий Lua (design 2.3).

Запись — хеш; ``due`` — когда к ней вернуться (подсказка, повтор, конец аренды); ``index`` — когда поставлена.
Отправляющий держит запись по жетону: опоздавший владелец чужую запись не изменит.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.ports import Claim, Entry, EntryState
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys, branch_of

MESSAGE_LIMIT = 500

# KEYS: entry, due, index; ARGV: uid, now, время следующей подсказки. Возвращает 1, если нужна подсказка.
PUT = """
local state = redis.call('HGET', KEYS[1], 'state')
redis.call('HINCRBY', KEYS[1], 'version', 1)
if state == 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0, 'reason', '', 'message', '')
redis.call('HSETNX', KEYS[1], 'queued_at', ARGV[2])
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[1])
if state == 'pending' and redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due; ARGV: uid, now, конец аренды, жетон. Возвращает {version, attempts} или пусто.
CLAIM = """
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'failed' then return {} end
local due = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or '0')
if state ~= 'pending' and due > tonumber(ARGV[2]) then return {} end
if state == 'in_flight' then redis.call('HINCRBY', KEYS[1], 'attempts', 1) end
redis.call('HSET', KEYS[1], 'state', 'in_flight', 'token', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return {redis.call('HGET', KEYS[1], 'version'), redis.call('HGET', KEYS[1], 'attempts') or '0'}
"""

# KEYS: entry, due; ARGV: uid, жетон, конец аренды.
EXTEND = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due, index; ARGV: uid, жетон, версия, now. 1 — удалена, 0 — пришла новая версия, -1 — чужая.
COMPLETE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return -1 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return -1 end
if redis.call('HGET', KEYS[1], 'version') == ARGV[3] then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0, 'token', '', 'reason', '', 'message', '')
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return 0
"""

# KEYS: entry, due; ARGV: uid, жетон, состояние, срок, сколько попыток прибавить, причина, текст, версия.
# Новая версия, пришедшая во время отправки, начинает попытки заново.
PUT_BACK = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[3], 'token', '', 'reason', ARGV[6], 'message', ARGV[7],
  'due_at', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'attempts', ARGV[5])
if ARGV[3] == 'failed' then
  if redis.call('HGET', KEYS[1], 'version') ~= ARGV[8] then
    redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0)
    redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
  else
    redis.call('ZREM', KEYS[2], ARGV[1])
  end
else
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
end
return 1
"""

# KEYS: due; ARGV: now, время следующей подсказки, сколько. Аренду и срок повтора подсказка не двигает:
# их снимет claim, а до него к записи вернутся ещё раз.
DUE = """
local uids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, uid in ipairs(uids) do
  if redis.call('HGET', ARGV[4] .. uid, 'state') == 'pending' then
    redis.call('ZADD', KEYS[1], ARGV[2], uid)
  end
end
return uids
"""

# KEYS: entry, due; ARGV: uid, now.
REQUEUE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'failed' and state ~= 'retry' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0)
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
"""


class RedisOutbox:
    """Очередь отправки; сбой Redis — StoreError."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys
        scripts = {
            "put": PUT,
            "claim": CLAIM,
            "extend": EXTEND,
            "complete": COMPLETE,
            "put_back": PUT_BACK,
            "due": DUE,
            "requeue": REQUEUE,
        }
        self._scripts = {name: redis.register_script(text) for name, text in scripts.items()}

    def put(self, uids: Iterable[str], now: datetime, hinted_for: timedelta) -> Sequence[str]:
        """Ставит записи в очередь; возвращает те, которым нужна подсказка."""
        hint_at = (now + hinted_for).timestamp()
        return [uid for uid in uids if self._run("put", uid, now.timestamp(), hint_at, indexed=True)]

    def claim(self, uid: str, now: datetime, lease: timedelta) -> Claim | None:
        """Берёт запись в отправку; аренда, кончившаяся без ответа, считается попыткой."""
        token = uuid4().hex
        taken = self._run("claim", uid, now.timestamp(), (now + lease).timestamp(), token)
        return Claim(uid, int(taken[0]), int(taken[1]), token) if taken else None

    def extend(self, claim: Claim, now: datetime, lease: timedelta) -> bool:
        """Продлевает аренду."""
        return bool(self._run("extend", claim.uid, claim.token, (now + lease).timestamp()))

    def complete(self, claim: Claim, now: datetime) -> bool:
        """Удаляет отправленную запись; новая версия остаётся ждать."""
        result = self._run("complete", claim.uid, claim.token, claim.version, now.timestamp(), indexed=True)
        return bool(result == 1)

    def postpone(self, claim: Claim, due_at: datetime, reason: str, message: str) -> None:
        """Откладывает повтор и считает попытку."""
        self._put_back(claim, EntryState.RETRY, due_at, 1, reason, message)

    def release(self, claim: Claim, due_at: datetime) -> None:
        """Возвращает запись, не считая попытки."""
        self._put_back(claim, EntryState.PENDING, due_at, 0, "", "")

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит запись в failed."""
        self._put_back(claim, EntryState.FAILED, now, 1, reason, message)

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло."""
        hint_at = (now + hinted_for).timestamp()
        arguments = [now.timestamp(), hint_at, limit, self._keys.entry("")]
        with store_errors():
            found: list[str] = self._scripts["due"](keys=[self._keys.due(branch_id)], args=arguments)
        return found

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed и retry в pending."""
        return sum(int(self._run("requeue", uid, now.timestamp())) for uid in uids)

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки."""
        found = (_entry(uid, fields, due) for uid, fields, due in self._rows(branch_id))
        return [entry for entry in found if state is None or entry.state is state][:limit]

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
        """Возвращает число записей в каждом состоянии."""
        counts = dict.fromkeys(EntryState, 0)
        for _, fields, _ in self._rows(branch_id):
            counts[EntryState(fields["state"])] += 1
        return counts

    def _rows(self, branch_id: str) -> Iterable[tuple[str, Mapping[str, str], float | None]]:
        with store_errors():
            uids = self._redis.zrange(self._keys.index(branch_id), 0, -1)
            pipeline = self._redis.pipeline(transaction=False)
            for uid in uids:
                pipeline.hgetall(self._keys.entry(uid))
                pipeline.zscore(self._keys.due(branch_id), uid)
            answers = pipeline.execute()
        rows = zip(uids, answers[::2], answers[1::2], strict=True)
        # Запись могли закончить между двумя чтениями.
        return [(uid, fields, due) for uid, fields, due in rows if "state" in fields]

    def _put_back(
        self, claim: Claim, state: EntryState, due_at: datetime, attempts: int, reason: str, message: str
    ) -> None:
        due, text = due_at.timestamp(), message[:MESSAGE_LIMIT]
        self._run("put_back", claim.uid, claim.token, state, due, attempts, reason, text, claim.version)

    def _run(self, script: str, uid: str, *arguments: Any, indexed: bool = False) -> Any:
        branch_id = branch_of(uid)
        keys = [self._keys.entry(uid), self._keys.due(branch_id)]
        if indexed:
            keys.append(self._keys.index(branch_id))
        with store_errors():
            return self._scripts[script](keys=keys, args=[uid, *arguments])


def _entry(uid: str, fields: Mapping[str, str], due: float | None) -> Entry:
    queued = float(fields.get("queued_at", 0))
    return Entry(
        uid=uid,
        state=EntryState(fields["state"]),
        attempts=int(fields.get("attempts", 0)),
        version=int(fields.get("version", 0)),
        queued_at=datetime.fromtimestamp(queued, UTC),
        due_at=datetime.fromtimestamp(due if due is not None else float(fields.get("due_at", queued)), UTC),
        reason=fields.get("reason", ""),
        message=fields.get("message", ""),
    )
