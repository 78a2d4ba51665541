"""Подделки хранилища в памяти: очередь, курсоры, память, замки, ворота, счётчики."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from services.domain.cursor import ChangePoint
from services.ports import Claim, Entry, EntryState, Halt, Lease, Link, Rejection

MESSAGE_LIMIT = 500
THRESHOLD, PAUSE, LONGEST_PAUSE = 5, timedelta(seconds=15), timedelta(minutes=1)


def branch_of(uid: str) -> str:
    """Возвращает код филиала из ключа записи."""
    return uid.partition("_")[0]


@dataclass
class _Record:
    queued_at: datetime
    due_at: datetime
    state: EntryState = EntryState.PENDING
    version: int = 0
    attempts: int = 0
    reason: str = ""
    message: str = ""
    token: str = ""

    def restart(self, due_at: datetime) -> None:
        self.state, self.attempts, self.token, self.due_at = EntryState.PENDING, 0, "", due_at


class FakeOutbox:
    """Очередь отправки."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._tokens, self._lock = count(1), threading.RLock()

    def put(self, uids: Iterable[str], now: datetime, hinted_for: timedelta) -> Sequence[str]:
        """Ставит записи в очередь."""
        with self._lock:
            return [uid for uid in uids if self._put(uid, now, hinted_for)]

    def _put(self, uid: str, now: datetime, hinted_for: timedelta) -> bool:
        record = self._records.get(uid)
        fresh = record is None
        if record is None:
            record = self._records[uid] = _Record(now, now)
        record.version += 1
        if record.state is EntryState.IN_FLIGHT:
            return False
        hinted = record.state is EntryState.PENDING and not fresh
        record.reason = record.message = ""
        record.restart(record.due_at if hinted else now + hinted_for)
        return not hinted

    def claim(self, uid: str, now: datetime, lease: timedelta) -> Claim | None:
        """Берёт запись в отправку."""
        with self._lock:
            record = self._records.get(uid)
            if record is None or record.state is EntryState.FAILED:
                return None
            if record.state is not EntryState.PENDING and record.due_at > now:
                return None
            record.attempts += record.state is EntryState.IN_FLIGHT
            record.state, record.due_at = EntryState.IN_FLIGHT, now + lease
            record.token = str(next(self._tokens))
            return Claim(uid, record.version, record.attempts, record.token)

    def extend(self, claim: Claim, now: datetime, lease: timedelta) -> bool:
        """Продлевает аренду."""
        with self._lock:
            record = self._owned(claim)
            if record is not None:
                record.due_at = now + lease
            return record is not None

    def complete(self, claim: Claim, now: datetime) -> bool:
        """Удаляет отправленную запись."""
        with self._lock:
            record = self._owned(claim)
            if record is None:
                return False
            if record.version == claim.version:
                del self._records[claim.uid]
                return True
            record.reason = record.message = ""
            record.restart(now)
            return False

    def postpone(self, claim: Claim, due_at: datetime, reason: str, message: str) -> None:
        """Откладывает повтор."""
        self._put_back(claim, EntryState.RETRY, due_at, 1, reason, message)

    def release(self, claim: Claim, due_at: datetime) -> None:
        """Возвращает запись, не считая попытки."""
        self._put_back(claim, EntryState.PENDING, due_at, 0, "", "")

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит в failed; новая версия начинает заново."""
        self._put_back(claim, EntryState.FAILED, now, 1, reason, message)

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло."""
        with self._lock:
            rows = [
                (record.due_at, uid)
                for uid, record in self._records.items()
                if branch_of(uid) == branch_id
                and record.due_at <= now
                and record.state is not EntryState.FAILED
            ]
            uids = [uid for _, uid in sorted(rows)[:limit]]
            for record in (self._records[uid] for uid in uids):
                if record.state is EntryState.PENDING:
                    record.due_at = now + hinted_for
            return uids

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed и retry в pending."""
        with self._lock:
            found = [
                record
                for uid in uids
                if (record := self._records.get(uid))
                and record.state in (EntryState.FAILED, EntryState.RETRY)
            ]
            for record in found:
                record.restart(now)
            return len(found)

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки."""
        with self._lock:
            rows = sorted((record.queued_at, uid) for uid, record in self._records.items())
            mine = [_entry(uid, self._records[uid]) for _, uid in rows if branch_of(uid) == branch_id]
        return [entry for entry in mine if state is None or entry.state is state][:limit]

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
        """Возвращает число записей в каждом состоянии."""
        counts = Counter(entry.state for entry in self.entries(branch_id, limit=10**9))
        return {state: counts[state] for state in EntryState}

    def _owned(self, claim: Claim) -> _Record | None:
        record = self._records.get(claim.uid)
        mine = record and record.token == claim.token and record.state is EntryState.IN_FLIGHT
        return record if mine else None

    def _put_back(
        self, claim: Claim, state: EntryState, due_at: datetime, attempts: int, reason: str, message: str
    ) -> None:
        with self._lock:
            record = self._owned(claim)
            if record is None:
                return
            record.reason, record.message, record.due_at = reason, message[:MESSAGE_LIMIT], due_at
            record.state, record.token = state, ""
            record.attempts += attempts
            if state is EntryState.FAILED and record.version != claim.version:
                record.restart(due_at)


def _entry(uid: str, record: _Record) -> Entry:
    return Entry(
        uid,
        record.state,
        record.attempts,
        record.version,
        record.queued_at,
        record.due_at,
        record.reason,
        record.message,
    )


class FakeCursors:
    """Курсоры."""

    def __init__(self) -> None:
        self._points: dict[str, ChangePoint] = {}

    def load(self, branch_id: str) -> ChangePoint | None:
        """Возвращает курсор."""
        return self._points.get(branch_id)

    def save(self, branch_id: str, point: ChangePoint) -> None:
        """Сохраняет курсор."""
        self._points[branch_id] = point

    def reset(self, branch_id: str) -> None:
        """Забывает курсор."""
        self._points.pop(branch_id, None)


class FakeLinks:
    """Память о доставленном."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self._contacts: dict[str, tuple[int, float]] = {}
        self._rejections: dict[str, Rejection] = {}

    def get(self, uids: Sequence[str]) -> Mapping[str, Link]:
        """Возвращает известное о записях."""
        return {uid: self._links[uid] for uid in uids if uid in self._links}

    def save(self, uid: str, link: Link) -> None:
        """Запоминает итог."""
        self._links[uid] = link

    def contact(self, token: str) -> int | None:
        """Возвращает недавно созданный контакт."""
        number, until = self._contacts.get(token, (None, 0.0))
        return number if until > time.monotonic() else None

    def remember_contact(self, token: str, contact_id: int, ttl: timedelta) -> None:
        """Запоминает контакт на время."""
        self._contacts[token] = contact_id, time.monotonic() + ttl.total_seconds()

    def reject(self, rejection: Rejection) -> None:
        """Добавляет в отклонённые."""
        self._rejections[rejection.uid] = rejection

    def accept(self, uid: str) -> None:
        """Убирает из отклонённых."""
        self._rejections.pop(uid, None)

    def rejections(self, branch_id: str) -> Sequence[Rejection]:
        """Возвращает отклонённые, новые первыми."""
        mine = [row for uid, row in self._rejections.items() if branch_of(uid) == branch_id]
        return sorted(mine, key=lambda row: (row.at, row.uid), reverse=True)

    def reset(self, branch_id: str) -> None:
        """Забывает всё о филиале."""
        self._links = {uid: link for uid, link in self._links.items() if branch_of(uid) != branch_id}
        self._rejections = {uid: row for uid, row in self._rejections.items() if branch_of(uid) != branch_id}


class _FakeLease:
    def __init__(self, locks: "FakeLocks", name: str, ttl: timedelta) -> None:
        self._locks, self._name, self._ttl = locks, name, ttl

    def extend(self) -> bool:
        """Продлевает замок."""
        return self._locks.extended(self._name, self, self._ttl)


class FakeLocks:
    """Замки с истечением; ``lost`` заставляет следующие продления сорваться."""

    def __init__(self) -> None:
        self.lost = False
        self._owners: dict[str, tuple[_FakeLease, float]] = {}
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, name: str, ttl: timedelta, wait: timedelta = timedelta()) -> Iterator[Lease | None]:
        """Берёт замок на время блока."""
        lease = _FakeLease(self, name, ttl)
        if not self._taken(name, lease, ttl, time.monotonic() + wait.total_seconds()):
            yield None
            return
        try:
            yield lease
        finally:
            self._released(name, lease)

    def extended(self, name: str, lease: _FakeLease, ttl: timedelta) -> bool:
        """Продлевает замок, если он ещё этого владельца."""
        with self._changed:
            owner, until = self._owners.get(name, (None, 0.0))
            if self.lost or owner is not lease or until < time.monotonic():
                return False
            self._owners[name] = lease, time.monotonic() + ttl.total_seconds()
            return True

    def _taken(self, name: str, lease: _FakeLease, ttl: timedelta, deadline: float) -> bool:
        with self._changed:
            while (until := self._owners.get(name, (None, 0.0))[1]) >= time.monotonic():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, max(until - time.monotonic(), 0.001)))
            self._owners[name] = lease, time.monotonic() + ttl.total_seconds()
            return True

    def _released(self, name: str, lease: _FakeLease) -> None:
        with self._changed:
            if self._owners.get(name, (None, 0.0))[0] is lease:
                del self._owners[name]
            self._changed.notify_all()


class FakeSendGate:
    """Остановка и предохранитель."""

    def __init__(self) -> None:
        self._halt: Halt | None = None
        self._breaks, self._open_until = 0, datetime.min.replace(tzinfo=UTC)

    def halted(self) -> Halt | None:
        """Возвращает остановку."""
        return self._halt

    def halt(self, halt: Halt) -> None:
        """Останавливает; первая причина важнее."""
        self._halt = self._halt or halt

    def resume(self) -> None:
        """Снимает остановку."""
        self._halt = None
        self._close()

    def retry_in(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать; после паузы пропускает одну пробу."""
        if self._breaks < THRESHOLD:
            return None
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + PAUSE
        return None

    def succeeded(self, now: datetime) -> None:
        """Закрывает предохранитель."""
        self._close()

    def broke(self, now: datetime) -> None:
        """Считает сбой; во время паузы сбои не считаются."""
        if now < self._open_until:
            return
        self._breaks += 1
        if self._breaks >= THRESHOLD:
            self._open_until = now + min(PAUSE * 2 ** (self._breaks - THRESHOLD), LONGEST_PAUSE)

    def _close(self) -> None:
        self._breaks, self._open_until = 0, datetime.min.replace(tzinfo=UTC)


class FakeStats:
    """Счётчики по часам."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
        self._notes: dict[str, dict[str, str]] = defaultdict(dict)

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        """Прибавляет событие."""
        self._hours[branch_id, _hour(now)][event] += amount

    def took(self, branch_id: str, seconds: float, now: datetime) -> None:
        """Учитывает длительность."""
        hour = self._hours[branch_id, _hour(now)]
        hour["seconds"] += seconds  # type: ignore[assignment]
        hour["timed"] += 1

    def totals(self, branch_id: str, since: datetime, until: datetime) -> Mapping[str, float]:
        """Возвращает суммы за часы, начавшиеся до until и не раньше часа since."""
        total: Counter[str] = Counter()
        for (branch, hour), amounts in self._hours.items():
            if branch == branch_id and _hour(since) <= hour < until:
                total.update(amounts)
        return {event: float(amount) for event, amount in total.items()}

    def note(self, branch_id: str, name: str, value: str) -> None:
        """Записывает состояние филиала."""
        self._notes[branch_id][name] = value

    def notes(self, branch_id: str) -> Mapping[str, str]:
        """Возвращает состояние филиала."""
        return dict(self._notes[branch_id])


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
