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
from services.domain.errors import Family
from services.ports import BackfillProgress, Claim, Clock, Entry, EntryState, Halt, Lease, Link, Rejection

MESSAGE_LIMIT = 500
TEMPORARY = frozenset(Family)
THRESHOLD = 5
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120))
PROBE = timedelta(seconds=30)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def branch_of(uid: str) -> str:
    """Возвращает код филиала из ключа записи."""
    return uid.partition("_")[0]


@dataclass
class _Record:
    queued_at: datetime
    due_at: datetime | None = None
    ready_at: datetime = LONG_AGO
    failed_at: datetime | None = None
    state: EntryState = EntryState.PENDING
    version: int = 0
    attempts: int = 0
    reason: str = ""
    message: str = ""
    token: str = ""
    revived: int = 0

    def restart(self, due_at: datetime) -> None:
        """Начинает попытки с нуля."""
        self.state, self.attempts, self.token, self.ready_at = EntryState.PENDING, 0, "", LONG_AGO
        self.due_at, self.failed_at = due_at, None


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
        record = self._records.setdefault(uid, _Record(now))
        record.version += 1
        if record.state in (EntryState.IN_FLIGHT, EntryState.RETRY):
            return False
        if record.state is EntryState.FAILED and record.reason in TEMPORARY:
            return False
        if record.state is EntryState.PENDING and record.due_at is not None:
            return False
        record.reason = record.message = ""
        record.restart(now + hinted_for)
        return True

    def claim(self, uid: str, now: datetime, lease: timedelta) -> Claim | None:
        """Берёт запись в отправку."""
        with self._lock:
            record = self._records.get(uid)
            if record is None or record.state is EntryState.FAILED or now < record.ready_at:
                return None
            record.state, record.token = EntryState.IN_FLIGHT, str(next(self._tokens))
            record.ready_at = record.due_at = now + lease
            return Claim(uid, record.version, record.attempts, record.token)

    def extend(self, claim: Claim, now: datetime, lease: timedelta) -> bool:
        """Продлевает аренду."""
        with self._lock:
            record = self._owned(claim)
            if record is not None:
                record.ready_at = record.due_at = now + lease
            return record is not None

    @contextmanager
    def kept(self, claim: Claim, clock: Clock, lease: timedelta) -> Iterator[None]:
        """Продлевает аренду на время блока: у стоящих часов она и так не кончится."""
        yield

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
        with self._lock:
            if (record := self._owned(claim)) is not None:
                record.state, record.token = EntryState.RETRY, ""
                record.reason, record.message = reason, message[:MESSAGE_LIMIT]
                record.ready_at = record.due_at = due_at
                record.attempts += 1

    def release(self, claim: Claim, due_at: datetime) -> None:
        """Возвращает запись, не считая попытки."""
        with self._lock:
            if (record := self._owned(claim)) is not None:
                record.state, record.token = EntryState.PENDING, ""
                record.ready_at, record.due_at = LONG_AGO, due_at

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит в failed; новая версия начинает заново."""
        with self._lock:
            record = self._owned(claim)
            if record is None:
                return
            record.reason, record.message = reason, message[:MESSAGE_LIMIT]
            attempts = record.attempts
            record.restart(now)
            if record.version == claim.version:
                record.state, record.attempts = EntryState.FAILED, attempts + 1
                record.due_at, record.failed_at = None, now

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло."""
        with self._lock:
            rows = [
                (record.due_at, uid)
                for uid, record in self._records.items()
                if branch_of(uid) == branch_id and record.due_at is not None and record.due_at <= now
            ]
            uids = [uid for _, uid in sorted(rows)[:limit]]
            for record in (self._records[uid] for uid in uids):
                record.due_at = now + hinted_for
            return uids

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed и retry в pending по воле человека."""
        return sum(self._restarted(uid, now, revived=False) for uid in uids)

    def revive(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed в pending: временная причина ушла."""
        return sum(self._restarted(uid, now, revived=True) for uid in uids)

    def drop(self, uids: Iterable[str]) -> int:
        """Забывает отказавшие."""
        with self._lock:
            gone = [uid for uid in uids if uid in self._records and self._is_failed(uid)]
            for uid in gone:
                del self._records[uid]
            return len(gone)

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки; failed — по времени отказа."""
        with self._lock:
            mine = [(uid, record) for uid, record in self._records.items() if branch_of(uid) == branch_id]
        shown = [(uid, record) for uid, record in mine if state is None or record.state is state]
        by_failure = state is EntryState.FAILED
        shown.sort(key=lambda row: ((row[1].failed_at if by_failure else row[1].queued_at), row[0]))
        return [_entry(uid, record) for uid, record in shown[:limit]]

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
        """Возвращает число записей в каждом состоянии."""
        counts = Counter(entry.state for entry in self.entries(branch_id, limit=10**9))
        return {state: counts[state] for state in EntryState}

    def size(self, branch_id: str) -> int:
        """Возвращает число записей."""
        return sum(self.depth(branch_id).values())

    def reset(self, branch_id: str) -> None:
        """Забывает очередь филиала."""
        with self._lock:
            self._records = {uid: row for uid, row in self._records.items() if branch_of(uid) != branch_id}

    def _owned(self, claim: Claim) -> _Record | None:
        record = self._records.get(claim.uid)
        mine = record and record.token == claim.token and record.state is EntryState.IN_FLIGHT
        return record if mine else None

    def _is_failed(self, uid: str) -> bool:
        return self._records[uid].state is EntryState.FAILED

    def _restarted(self, uid: str, now: datetime, revived: bool) -> bool:
        with self._lock:
            record = self._records.get(uid)
            if record is None or record.state not in (EntryState.FAILED, EntryState.RETRY):
                return False
            record.restart(now)
            record.revived = record.revived + 1 if revived else 0
            return True


def _entry(uid: str, record: _Record) -> Entry:
    return Entry(
        uid,
        record.state,
        record.attempts,
        record.version,
        record.queued_at,
        record.due_at or record.failed_at or record.queued_at,
        record.reason,
        record.message,
        record.revived,
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
    def __init__(self, locks: "FakeLocks") -> None:
        self._locks = locks
        self.lingers: timedelta | None = None

    def extend(self) -> bool:
        """Продлевает замок."""
        return not self._locks.lost

    def linger(self, period: timedelta) -> None:
        """Оставляет замок запертым после ухода владельца."""
        self.lingers = period


class FakeLocks:
    """Замки: живой владелец не теряет их сам; ``lost`` — потерял все (стёрли Redis).

    ``patient`` = False — занятого не ждут вовсе: сценарию незачем тратить время проверки.
    """

    def __init__(self, patient: bool = True) -> None:
        self.lost, self._patient = False, patient
        self.lingering: dict[str, timedelta] = {}
        self._busy_until: dict[str, float] = {}
        self._changed = threading.Condition()

    def forget_lingering(self) -> None:
        """Отпускает замки, оставшиеся после неясного исхода: в проверке время не идёт."""
        for name in self.lingering:
            self._busy_until.pop(name, None)
        self.lingering.clear()

    @contextmanager
    def hold(self, name: str, ttl: timedelta, wait: timedelta = timedelta()) -> Iterator[Lease | None]:
        """Берёт замок на время блока."""
        patience = wait.total_seconds() if self._patient else 0.0
        if not self._taken(name, time.monotonic() + patience):
            yield None
            return
        lease = _FakeLease(self)
        try:
            yield lease
        finally:
            self._released(name, lease)

    def _taken(self, name: str, deadline: float) -> bool:
        with self._changed:
            while (until := self._busy_until.get(name, 0.0)) > time.monotonic():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, until - time.monotonic()))
            self._busy_until[name] = float("inf")
            return True

    def _released(self, name: str, lease: _FakeLease) -> None:
        with self._changed:
            del self._busy_until[name]
            if lease.lingers is not None:
                self.lingering[name] = lease.lingers
                self._busy_until[name] = time.monotonic() + lease.lingers.total_seconds()
            self._changed.notify_all()


class FakeSendGate:
    """Остановка и предохранитель."""

    def __init__(self) -> None:
        self._halt: Halt | None = None
        self._last: datetime | None = None
        self._paused: datetime | None = None
        self._close()

    def paused(self) -> datetime | None:
        """Возвращает, с какого времени стоит пауза."""
        return self._paused

    def pause(self, now: datetime) -> None:
        """Ставит паузу; повторная времени первой не меняет."""
        self._paused = self._paused or now

    def unpause(self) -> None:
        """Снимает паузу."""
        self._paused = None

    def halted(self) -> Halt | None:
        """Возвращает остановку."""
        return self._halt

    def halt(self, halt: Halt) -> None:
        """Останавливает; первая причина важнее."""
        self._halt = self._halt or halt

    def resume(self) -> None:
        """Снимает остановку."""
        self._halt = self._last = None
        self._close()

    def blocked_for(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать, не занимая пробы."""
        return self._open_until - now if self._open_until and now < self._open_until else None

    def retry_in(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать; после паузы пропускает одну пробу."""
        wait = self.blocked_for(now)
        if wait is None and self._open_until is not None:
            self._open_until, self._probing = now + PROBE, True
        return wait

    def succeeded(self, now: datetime) -> None:
        """Закрывает предохранитель."""
        self._last = now
        self._close()

    def broke(self, now: datetime) -> bool:
        """Считает сбой; во время паузы считается лишь исход пробы."""
        if self.blocked_for(now) is not None and not self._probing:
            return False
        self._breaks += 1
        if self._breaks < THRESHOLD:
            return False
        self._open_until = now + PAUSES[min(self._step, len(PAUSES) - 1)]
        self._step, self._probing = self._step + 1, False
        return self._step == 1

    def last_success(self) -> datetime | None:
        """Возвращает время последней удачной отправки."""
        return self._last

    def _close(self) -> None:
        self._breaks = self._step = 0
        self._open_until: datetime | None = None
        self._probing = False


class FakeBackfills:
    """Ход загрузок прошлого."""

    def __init__(self) -> None:
        self._progress: dict[str, BackfillProgress] = {}

    def load(self, branch_id: str) -> BackfillProgress | None:
        """Возвращает ход загрузки."""
        return self._progress.get(branch_id)

    def save(self, branch_id: str, progress: BackfillProgress) -> None:
        """Запоминает ход загрузки."""
        self._progress[branch_id] = progress

    def forget(self, branch_id: str) -> None:
        """Забывает загрузку."""
        self._progress.pop(branch_id, None)


class FakeStats:
    """Счётчики по часам."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
        self._notes: dict[str, dict[str, str]] = defaultdict(dict)

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        """Прибавляет событие."""
        self._slots[branch_id, _slot(now)][event] += amount

    def took(self, branch_id: str, seconds: float, now: datetime) -> None:
        """Учитывает длительность."""
        slot = self._slots[branch_id, _slot(now)]
        slot["seconds"] += seconds  # type: ignore[assignment]
        slot["timed"] += 1

    def totals(self, branch_id: str, since: datetime, until: datetime) -> Mapping[str, float]:
        """Возвращает суммы за часы, начавшиеся до until и не раньше часа since."""
        return self._total(branch_id, _hour(since), until)

    def hours(
        self, branch_id: str, since: datetime, until: datetime
    ) -> Mapping[datetime, Mapping[str, float]]:
        """Возвращает события каждого часа, начавшегося в [since, until)."""
        hours = sorted({_hour(slot) for branch, slot in self._slots if branch == branch_id})
        chosen = [hour for hour in hours if _hour(since) <= hour < until]
        return {hour: self._total(branch_id, hour, hour + timedelta(hours=1)) for hour in chosen}

    def last_hour(self, branch_id: str, now: datetime) -> Mapping[str, float]:
        """Возвращает суммы событий за последние 60 минут."""
        return self._total(branch_id, _slot(now - timedelta(hours=1)), now + timedelta(minutes=5))

    def grand(self, branch_id: str) -> Mapping[str, float]:
        """Возвращает суммы событий за всё время."""
        return self._total(branch_id, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

    def _total(self, branch_id: str, since: datetime, until: datetime) -> dict[str, float]:
        total: Counter[str] = Counter()
        for (branch, slot), amounts in self._slots.items():
            if branch == branch_id and since <= slot < until:
                total.update(amounts)
        return {event: float(amount) for event, amount in total.items()}

    def note(self, branch_id: str, name: str, value: str) -> None:
        """Записывает состояние филиала."""
        self._notes[branch_id][name] = value

    def notes(self, branch_id: str) -> Mapping[str, str]:
        """Возвращает состояние филиала."""
        return dict(self._notes[branch_id])


def _slot(moment: datetime) -> datetime:
    exact = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return exact - timedelta(minutes=exact.minute % 5)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
