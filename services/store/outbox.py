"""Очередь отправки в Redis (docs/at_least_once.md): переходы — в scripts.py, здесь их имена и доводы.

Отправляющий держит запись по жетону: опоздавший владелец чужую запись не изменит.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.domain.errors import Family
from services.ports import Claim, Clock, Entry, EntryState
from services.store.connection import RedisClient, store_errors
from services.store.keeper import Keeper
from services.store.keys import Keys, branch_of
from services.store.scripts import SCRIPTS

MESSAGE_LIMIT = 500
#: Дальше этого сроков не бывает: самый долгий повтор — 15 минут (СПЕЦ 3.3.2).
HORIZON = timedelta(minutes=20)
TEMPORARY = " " + " ".join(Family) + " "


class RedisOutbox:
    """Очередь отправки; сбой Redis — StoreError."""

    def __init__(self, redis: RedisClient, keys: Keys, keeper: Keeper) -> None:
        self._redis, self._keys, self._keeper = redis, keys, keeper
        self._scripts = {name: redis.register_script(text) for name, text in SCRIPTS.items()}

    def put(self, uids: Iterable[str], now: datetime, hinted_for: timedelta) -> Sequence[str]:
        """Ставит записи в очередь; возвращает те, которым нужна подсказка."""
        hint_at = (now + hinted_for).timestamp()
        return [uid for uid in uids if self._run("put", uid, now.timestamp(), hint_at, TEMPORARY)]

    def claim(self, uid: str, now: datetime, lease: timedelta) -> Claim | None:
        """Берёт запись в отправку; кончившаяся аренда — не попытка: виноват узел, а не запись."""
        token, farthest = uuid4().hex, (now + HORIZON).timestamp()
        taken = self._run("claim", uid, now.timestamp(), (now + lease).timestamp(), token, farthest)
        return Claim(uid, int(taken[0]), int(taken[1]), token) if taken else None

    def extend(self, claim: Claim, now: datetime, lease: timedelta) -> bool:
        """Продлевает аренду."""
        return bool(self._run("extend", claim.uid, claim.token, (now + lease).timestamp()))

    @contextmanager
    def kept(self, claim: Claim, clock: Clock, lease: timedelta) -> Iterator[None]:
        """Продлевает аренду на время блока, сколько бы он ни длился."""
        with self._keeper.keeping(lambda: self.extend(claim, clock.now(), lease), lease):
            yield

    def complete(self, claim: Claim, now: datetime) -> bool:
        """Удаляет отправленную запись; новая версия остаётся ждать."""
        return bool(self._run("complete", claim.uid, claim.token, claim.version, now.timestamp()) == 1)

    def postpone(self, claim: Claim, due_at: datetime, reason: str, message: str) -> None:
        """Откладывает повтор и считает попытку."""
        self._run("postpone", claim.uid, claim.token, due_at.timestamp(), reason, message[:MESSAGE_LIMIT])

    def release(self, claim: Claim, due_at: datetime) -> None:
        """Возвращает запись, не считая попытки."""
        self._run("release", claim.uid, claim.token, due_at.timestamp())

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит запись в failed."""
        text = message[:MESSAGE_LIMIT]
        self._run("fail", claim.uid, claim.token, now.timestamp(), reason, text, claim.version)

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло."""
        hint_at, farthest = (now + hinted_for).timestamp(), (now + HORIZON).timestamp()
        arguments = [now.timestamp(), hint_at, limit, self._keys.entry(""), farthest]
        keys = [self._keys.due(branch_id), self._keys.index(branch_id), self._keys.clock(branch_id)]
        with store_errors():
            found: list[str] = self._scripts["due"](keys=keys, args=arguments)
        return found

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed и retry в pending по воле человека."""
        return sum(int(self._run("requeue", uid, now.timestamp(), 0)) for uid in uids)

    def revive(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed в pending: временная причина ушла."""
        return sum(int(self._run("requeue", uid, now.timestamp(), 1)) for uid in uids)

    def drop(self, uids: Iterable[str]) -> int:
        """Забывает отказавшие записи по воле человека."""
        return sum(int(self._run("drop", uid)) for uid in uids)

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки; failed — по времени отказа."""
        pointer = self._keys.failed if state is EntryState.FAILED else self._keys.index
        found = (_entry(uid, fields, due) for uid, fields, due in self._rows(branch_id, pointer(branch_id)))
        return [entry for entry in found if state is None or entry.state is state][:limit]

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
        """Возвращает число записей в каждом состоянии."""
        counts = dict.fromkeys(EntryState, 0)
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for uid in self._redis.zrange(self._keys.index(branch_id), 0, -1):
                pipeline.hget(self._keys.entry(uid), "state")
            states = pipeline.execute()
        for state in filter(None, states):
            counts[EntryState(state)] += 1
        return counts

    def size(self, branch_id: str) -> int:
        """Возвращает число записей во всех состояниях."""
        with store_errors():
            return int(self._redis.zcard(self._keys.index(branch_id)))

    def reset(self, branch_id: str) -> None:
        """Забывает очередь филиала: выборка без курсора соберёт её заново."""
        keys = self._keys
        with store_errors():
            uids = self._redis.zrange(keys.index(branch_id), 0, -1)
            gone = [keys.due(branch_id), keys.index(branch_id), keys.failed(branch_id)]
            self._redis.delete(*gone, *map(keys.entry, uids))

    def _rows(self, branch_id: str, pointer: str) -> Iterable[tuple[str, Mapping[str, str], float | None]]:
        with store_errors():
            uids = self._redis.zrange(pointer, 0, -1)
            pipeline = self._redis.pipeline(transaction=False)
            for uid in uids:
                pipeline.hgetall(self._keys.entry(uid))
                pipeline.zscore(self._keys.due(branch_id), uid)
                pipeline.zscore(self._keys.failed(branch_id), uid)
            answers = pipeline.execute()
        rows = zip(uids, answers[::3], answers[1::3], answers[2::3], strict=True)
        # Запись могли закончить между двумя чтениями.
        return [(uid, fields, due or failed) for uid, fields, due, failed in rows if "state" in fields]

    def _run(self, script: str, uid: str, *arguments: Any) -> Any:
        branch_id, keys = branch_of(uid), self._keys
        pointers = keys.due(branch_id), keys.index(branch_id), keys.failed(branch_id), keys.clock(branch_id)
        names = [keys.entry(uid), *pointers]
        with store_errors():
            return self._scripts[script](keys=names, args=[uid, *arguments])


def _entry(uid: str, fields: Mapping[str, str], due: float | None) -> Entry:
    queued = float(fields.get("queued_at", 0))
    return Entry(
        uid=uid,
        state=EntryState(fields["state"]),
        attempts=int(fields.get("attempts", 0)),
        version=int(fields.get("version", 0)),
        queued_at=datetime.fromtimestamp(queued, UTC),
        due_at=datetime.fromtimestamp(due if due is not None else queued, UTC),
        reason=fields.get("reason", ""),
        message=fields.get("message", ""),
        revived=int(fields.get("revived", 0)),
    )
