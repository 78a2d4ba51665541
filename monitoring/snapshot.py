"""Снимок установки для страницы: всё, что на ней видно, собранное одним обходом."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from monitoring.charts import Events, processed
from monitoring.wording import ago, within
from services.domain.alarms import Alarm, alarms, moment_of
from services.domain.cursor import ChangePoint
from services.domain.outbox import Entry, EntryState, Rejection
from services.domain.reasons import Place, Reason, place_of, reason_of
from services.domain.signs import BranchSigns, Signs
from services.ports import PortalTraffic, PortalTrouble
from services.store.stats import added
from services.sync.health import WHOLE

if TYPE_CHECKING:
    from services.container import Services

DAY_HOURS, MONTH_DAYS = 24, 30
RATE_MINUTES = 5
METHODS_SHOWN, REFUSALS_SHOWN = 6, 8


@dataclass(frozen=True, slots=True)
class Filter:
    """Отбор списка неотправленных: филиал, причина, часть номера записи."""

    branch: str = ""
    reason: str = ""
    words: str = ""

    def admits(self, entry: Entry) -> bool:
        """Отвечает, показывать ли запись."""
        return (
            (not self.branch or self.branch == entry.uid.partition("_")[0])
            and (not self.reason or self.reason == code_of(entry))
            and self.words.strip().upper() in entry.uid.upper()
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """Кто смотрит и что выбрал: метка его форм, отбор, итог прошлого действия."""

    token: str
    chosen: Filter
    syncs: bool = False
    done: str = ""


@dataclass(frozen=True, slots=True)
class BranchView:
    """Филиал на странице."""

    signs: BranchSigns
    cursor: ChangePoint | None
    states: Mapping[EntryState, int]
    oldest: datetime | None
    next_retry: datetime | None

    @property
    def read_until(self) -> str:
        """Возвращает, докуда прочитаны изменения, по часам Ident."""
        return f"{self.cursor.at:%d.%m %H:%M:%S}" if self.cursor else "ещё не читалось"

    def behind(self, now: datetime) -> timedelta:
        """Возвращает, на сколько портал может отставать от Ident: по чтению и по старшей записи очереди."""
        return now - min(self.signs.last_success or now, self.oldest or now)

    def queue_notes(self, now: datetime) -> Iterator[str]:
        """Возвращает подробности очереди."""
        for state, told in QUEUE_NOTES.items():
            if count := self.states.get(state, 0):
                yield f"{told} {count}"
            if state is EntryState.RETRY and self.next_retry:
                yield f"следующий {within(self.next_retry, now)}"
        if self.oldest:
            yield f"старшая ждёт {ago(self.oldest, now).removesuffix(' назад')}"


#: Ждут своего срока: повтора или взгляда на портал, чем кончилось.
LATER = (EntryState.RETRY, EntryState.DOUBT)
QUEUE_NOTES = {
    EntryState.IN_FLIGHT: "отправляются",
    EntryState.RETRY: "на повторе",
    EntryState.DOUBT: "исход неясен у",
    EntryState.FAILED: "не отправлено",
}


@dataclass(frozen=True, slots=True)
class PortalView:
    """Портал на странице."""

    lately: PortalTraffic
    operating: Mapping[str, float]
    troubles: Sequence[PortalTrouble]

    @property
    def refusals(self) -> Sequence[tuple[PortalTrouble, int]]:
        """Возвращает последние отказы: одинаковые — одной строкой с их числом."""
        latest: dict[tuple[str, str], PortalTrouble] = {}
        for one in self.troubles:
            latest.setdefault((one.kind, one.message), one)
        counts = Counter((one.kind, one.message) for one in self.troubles)
        return [(one, counts[key]) for key, one in latest.items()][:REFUSALS_SHOWN]

    @property
    def busiest(self) -> Sequence[tuple[str, float]]:
        """Возвращает самые занятые методы и их секунды."""
        return sorted(self.operating.items(), key=lambda item: -item[1])[:METHODS_SHOWN]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Всё, что видно на странице."""

    signs: Signs
    alarms: Sequence[Alarm]
    branches: Sequence[BranchView]
    waiting: Sequence[Entry]
    failed: Sequence[Entry]
    rejected: Sequence[Rejection]
    portal: PortalView
    day: Sequence[tuple[datetime, Events]]
    month: Sequence[tuple[datetime, Events]]
    watched_at: datetime | None

    def refused(self, place: Place) -> Sequence[Rejection]:
        """Возвращает отклонённые записи, с которыми справляются здесь."""
        return [one for one in self.rejected if place_of(one.reason) == place]

    def records_of(self, trouble: PortalTrouble) -> Sequence[str]:
        """Возвращает записи, которым портал отказал этими словами и которые ещё не дошли."""
        return [entry.uid for entry in (*self.failed, *self.waiting) if entry.message == trouble.message]

    @property
    def retries(self) -> Sequence[Entry]:
        """Возвращает ждущих повтора, ближайшие первыми."""
        return sorted((entry for entry in self.waiting if entry.state in LATER), key=lambda e: e.due_at)

    @property
    def total(self) -> Mapping[str, float]:
        """Возвращает события за сутки; которых не было — ноль."""
        return defaultdict(float, added(events for _, events in self.day))

    @property
    def sent(self) -> float:
        """Возвращает, сколько сделок создано и обновлено за сутки."""
        return self.total["created"] + self.total["updated"]

    @property
    def processed(self) -> float:
        """Возвращает, сколько записей обработано за сутки."""
        return processed(self.total)

    @property
    def names(self) -> Mapping[str, str]:
        """Возвращает имена филиалов."""
        return {view.signs.branch_id: view.signs.name for view in self.branches}

    @property
    def reasons(self) -> Mapping[str, str]:
        """Возвращает причины, встречающиеся среди неотправленных."""
        return {code: reason_of(code).title for code in sorted(set(map(code_of, self.failed)))}

    def chosen(self, chosen: Filter) -> Sequence[Entry]:
        """Возвращает отобранные неотправленные."""
        return list(filter(chosen.admits, self.failed))

    def groups(self, found: Sequence[Entry]) -> Sequence[tuple[str, Reason, int]]:
        """Возвращает причины с числом записей: с одной причиной справляются разом."""
        return [(code, reason_of(code), count) for code, count in Counter(map(code_of, found)).most_common()]


def code_of(entry: Entry) -> str:
    """Возвращает код главной причины записи."""
    return entry.reason.split(",")[0].strip()


def take(services: "Services") -> Snapshot:
    """Снимает состояние; нет Redis — StoreError."""
    signs = services.health.signs()
    limits = services.settings.alerts.limits(services.settings.sync.interval)
    entries = {b.branch_id: services.store.outbox.entries(b.branch_id, limit=5000) for b in signs.branches}
    rejected = {b.branch_id: services.store.links.rejections(b.branch_id) for b in signs.branches}
    every = [entry for found in entries.values() for entry in found]
    return Snapshot(
        signs=signs,
        alarms=alarms(signs, limits),
        branches=[_branch(services, b, entries[b.branch_id]) for b in signs.branches],
        waiting=[entry for entry in every if entry.state is not EntryState.FAILED],
        failed=[entry for entry in every if entry.state is EntryState.FAILED],
        rejected=sorted((r for rows in rejected.values() for r in rows), key=lambda r: r.at, reverse=True),
        portal=_portal(services, signs.now),
        day=_day(services, signs),
        month=_month(services, signs),
        watched_at=moment_of(services.store.stats.notes(WHOLE).get("watched_at", "")),
    )


def _branch(services: "Services", signs: BranchSigns, entries: Sequence[Entry]) -> BranchView:
    waiting = [entry for entry in entries if entry.state is not EntryState.FAILED]
    retries = [entry.due_at for entry in entries if entry.state in LATER]
    return BranchView(
        signs,
        services.store.cursors.load(signs.branch_id),
        Counter(entry.state for entry in entries),
        min((entry.queued_at for entry in waiting), default=None),
        min(retries, default=None),
    )


def _portal(services: "Services", now: datetime) -> PortalView:
    stats = services.store.portal_stats
    return PortalView(stats.lately(now, RATE_MINUTES), stats.operating(), stats.troubles())


def _day(services: "Services", signs: Signs) -> list[tuple[datetime, Events]]:
    """Возвращает события каждого из последних 24 часов всех филиалов вместе."""
    last = signs.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(DAY_HOURS - 1, -1, -1)]
    found = _hours(services, signs, hours[0])
    return [(hour, found.get(hour, {})) for hour in hours]


def _month(services: "Services", signs: Signs) -> list[tuple[datetime, Events]]:
    """Возвращает события каждых из последних 30 суток; сутки — по поясу клиники, пусть и с получасом."""
    zone = services.settings.rules.zone
    today = signs.now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(MONTH_DAYS - 1, -1, -1)]
    found: dict[date, list[Events]] = {day: [] for day in days}
    first = datetime.combine(days[0], time(), zone)
    for hour, events in _hours(services, signs, first).items():
        # Счёт ведут часами UTC: час, на середину которого пришлась полночь, принадлежит новому дню.
        day = min(hour + timedelta(minutes=59), signs.now).astimezone(zone).date()
        found.setdefault(day, []).append(events)
    return [(datetime.combine(day, time(), zone), added(found[day])) for day in days]


def _hours(services: "Services", signs: Signs, since: datetime) -> Mapping[datetime, Events]:
    """Возвращает события каждого часа всех филиалов вместе."""
    found: dict[datetime, list[Events]] = {}
    for branch in signs.branches:
        for hour, events in services.store.stats.hours(branch.branch_id, since, signs.now).items():
            found.setdefault(hour, []).append(events)
    return {hour: added(parts) for hour, parts in found.items()}
