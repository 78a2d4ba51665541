"""Очередь отправки в Redis (docs/at_least_once.md): переходы — в scripts.py, здесь их имена и доводы.

Взятая запись держится жетоном: опоздавший владелец чужую запись не изменит. Других замков у отправки нет.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.domain.errors import Family
from services.domain.outbox import Claim, Doubt, Entry, EntryState, Permit, Unclear
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys, branch_of
from services.store.scripts import SCRIPTS

MESSAGE_LIMIT = 500
#: Дальше этого сроков не бывает: самый долгий повтор — 15 минут (СПЕЦ 3.3.2).
HORIZON = timedelta(minutes=20)
#: Узел погибал на записи раз за разом.
WORKER_LOST = "worker_lost"


def _listed(reasons: Iterable[str]) -> str:
    return f" {' '.join(reasons)} "


#: Отказы, которых перемена в Ident не лечит: временные ждут своей причины, гибель узла — человека.
STICKY = _listed([*Family, WORKER_LOST])


class RedisOutbox:
    """Очередь отправки; сбой Redis — StoreError."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys
        self._scripts = {name: redis.register_script(text) for name, text in SCRIPTS.items()}

    def put(self, uids: Iterable[str], now: datetime, hinted_for: timedelta) -> Sequence[str]:
        """Ставит записи в очередь и возвращает те, которым нужна подсказка (сообщение Celery).

        Новая запись и отказавшая по своей вине становятся pending, отправляемой поднимается версия,
        отложенная ждёт своего срока. Подсказанную ``due`` не вернёт раньше, чем через ``hinted_for``.
        """
        arguments = [now.timestamp(), (now + hinted_for).timestamp(), STICKY, uuid4().hex]
        wanted, pipeline = list(uids), self._redis.pipeline(transaction=False)
        for uid in wanted:
            self._run("put", uid, *arguments, client=pipeline)
        with store_errors():
            return [uid for uid, hint in zip(wanted, pipeline.execute(), strict=True) if hint]

    def claim(self, uid: str, now: datetime, lease: timedelta, token: str = "") -> Claim | None:
        """Берёт запись в отправку; None — записи нет, её отправляют или её время не пришло.

        Кончившаяся аренда — не попытка: виноват узел, а не запись; потери подряд считаются отдельно.
        """
        token, farthest = token or uuid4().hex, (now + HORIZON).timestamp()
        taken = self._run("claim", uid, now.timestamp(), (now + lease).timestamp(), token, farthest)
        if not taken:
            return None
        version, attempts, losses, what, until, looks = taken
        known = bool(what) and _moment(until) > now
        doubt = Doubt(Unclear(what), _moment(until), int(looks)) if known else None
        return Claim(uid, int(version), int(attempts), token, int(losses), doubt)

    def still_ours(self, permits: Sequence[Permit], now: datetime, lease: timedelta) -> Sequence[bool]:
        """Продлевает всё, чем держатся записи запроса, и отвечает о каждом, в силе ли оно; обращение одно."""
        names: list[str] = []
        rows: list[object] = []
        for permit in permits:
            owner = self.owner(permit.claim) if permit.phone else ""
            names += [self._keys.entry(permit.claim.uid), self._keys.lock(permit.phone)]
            rows += [permit.claim.token, permit.claim.uid, owner]
        terms = [self._keys.pointers, (now + lease).timestamp(), int(lease.total_seconds() * 1000)]
        with store_errors():
            return [bool(held) for held in self._scripts["still_ours"](keys=names, args=[*terms, *rows])]

    def owner(self, claim: Claim) -> str:
        """Возвращает имя владельца замка телефона: запись и её взятие."""
        return f"{self._keys.record(claim.uid)}/{claim.token}"

    def complete(self, claim: Claim, now: datetime) -> bool:
        """Удаляет отправленную запись; False — пришла новая версия, запись снова pending."""
        return bool(self._run("complete", claim.uid, claim.token, claim.version, now.timestamp()) == 1)

    def doubt(self, claim: Claim, doubt: Doubt) -> Claim:
        """Запоминает неясный исход; он живёт до своего срока, что бы с записью ни стало."""
        self._run("doubt", claim.uid, claim.token, doubt.what, doubt.until.timestamp(), doubt.looks)
        return replace(claim, doubt=doubt)

    def postpone(self, claim: Claim, due_at: datetime, reason: str, message: str) -> None:
        """Откладывает повтор (в сомнении — взгляд на портал) до ``due_at`` и считает попытку."""
        state = EntryState.DOUBT if claim.doubt else EntryState.RETRY
        due, text = due_at.timestamp(), message[:MESSAGE_LIMIT]
        self._run("defer", claim.uid, claim.token, state, due, due, 1, reason, text)

    def release(self, claim: Claim, due_at: datetime, not_before: datetime | None = None) -> None:
        """Возвращает запись, не считая попытки: занято, остановка, отправка приостановлена."""
        state = EntryState.DOUBT if claim.doubt else EntryState.PENDING
        ready = not_before.timestamp() if not_before else 0
        self._run("defer", claim.uid, claim.token, state, due_at.timestamp(), ready, 0, "", "")

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит в failed: решать человеку или redrive, когда причина временная."""
        text = message[:MESSAGE_LIMIT]
        self._run("fail", claim.uid, claim.token, now.timestamp(), reason, text, claim.version)

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло (в том числе с истёкшей арендой), и откладывает подсказку."""
        hint_at, farthest = (now + hinted_for).timestamp(), (now + HORIZON).timestamp()
        arguments = [now.timestamp(), hint_at, limit, self._keys.entries(branch_id), farthest]
        keys = [self._keys.due(branch_id), self._keys.index(branch_id), self._keys.clock(branch_id)]
        with store_errors():
            found: list[str] = self._scripts["due"](keys=keys, args=arguments)
        return found

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed, retry и doubt в pending с нуля попыток по воле человека; сколько вернули."""
        return sum(int(self._run("requeue", uid, now.timestamp(), 0)) for uid in uids)

    def revive(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed в pending: временная причина ушла; оживления считаются."""
        return sum(int(self._run("requeue", uid, now.timestamp(), 1)) for uid in uids)

    def curable(self, branch_id: str) -> Sequence[tuple[str, str, datetime, int]]:
        """Возвращает отказавшие не по своей вине: ключ, причина, когда отказала, сколько раз оживляли.

        Это временные причины и гибель узла: с виновной записью в работе бывают и сотни невинных.
        """
        keys = self._keys
        with store_errors():
            arguments = [keys.entries(branch_id), STICKY]
            found = self._scripts["curable"](keys=[keys.failed(branch_id)], args=arguments)
        rows = zip(found[::4], found[1::4], found[2::4], found[3::4], strict=True)
        return [(uid, reason, _moment(at), int(revived)) for uid, reason, at, revived in rows]

    def drop(self, uids: Iterable[str]) -> int:
        """Забывает failed по воле человека; сколько забыли."""
        return sum(int(self._run("drop", uid)) for uid in uids)

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки; failed — по времени отказа."""
        pointer = self._keys.failed if state is EntryState.FAILED else self._keys.index
        found = (_entry(uid, fields, due) for uid, fields, due in self._rows(branch_id, pointer(branch_id)))
        return [entry for entry in found if state is None or entry.state is state][:limit]

    def entry(self, uid: str) -> Entry | None:
        """Возвращает запись очереди; её там нет — None."""
        branch_id = branch_of(uid)
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.hgetall(self._keys.entry(uid))
            for pointer in (self._keys.due, self._keys.failed):
                pipeline.zscore(pointer(branch_id), uid)
            fields, due, failed = pipeline.execute()
        return _entry(uid, fields, due or failed) if "state" in fields else None

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
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

    def _run(self, script: str, uid: str, *arguments: Any, client: RedisClient = None) -> Any:
        keys, values = [self._keys.entry(uid)], [self._keys.pointers, uid, *arguments]
        with store_errors():
            return self._scripts[script](keys=keys, args=values, client=client)


def _moment(stamp: str) -> datetime:
    return datetime.fromtimestamp(float(stamp), UTC)


def _entry(uid: str, fields: Mapping[str, str], due: float | None) -> Entry:
    queued = float(fields["queued_at"])
    return Entry(
        uid=uid,
        state=EntryState(fields["state"]),
        attempts=int(fields["attempts"]),
        version=int(fields["version"]),
        queued_at=datetime.fromtimestamp(queued, UTC),
        due_at=datetime.fromtimestamp(due if due is not None else queued, UTC),
        reason=fields.get("reason", ""),
        message=fields.get("message", ""),
        revived=int(fields.get("revived", 0)),
    )
