"""Снимок установки для страницы: всё, что на ней видно, собранное одним обходом."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from services.domain.alarms import Alarm, alarms, moment_of
from services.domain.cursor import ChangePoint
from services.domain.reasons import Reason, reason_of
from services.domain.signs import BranchSigns, Signs
from services.ports import Entry, EntryState, PortalTraffic, PortalTrouble, Rejection
from services.sync.health import WHOLE

if TYPE_CHECKING:
    from services.container import Services

DAY_HOURS, MONTH_DAYS = 24, 30
RATE_MINUTES = 5
Events = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Filter:
    """Отбор списка неотправленных: филиал, причина, часть номера записи."""

    branch: str = ""
    reason: str = ""
    words: str = ""

    def admits(self, entry: Entry) -> bool:
        """Отвечает, показывать ли запись."""
        branch, reason = entry.uid.partition("_")[0], entry.reason.split(",")[0].strip()
        return (
            (not self.branch or self.branch == branch)
            and (not self.reason or self.reason == reason)
            and self.words.strip().upper() in entry.uid.upper()
        )


@dataclass(frozen=True, slots=True)
class BranchView:
    """Филиал на странице."""

    signs: BranchSigns
    cursor: ChangePoint | None
    states: Mapping[EntryState, int]
    oldest: datetime | None
    next_retry: datetime | None
    rejected: int


@dataclass(frozen=True, slots=True)
class PortalView:
    """Портал на странице."""

    lately: PortalTraffic
    operating: Mapping[str, float]
    troubles: Sequence[PortalTrouble]


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

    @property
    def reasons(self) -> Mapping[str, Reason]:
        """Возвращает причины, встречающиеся среди неотправленных."""
        codes = sorted({entry.reason.split(",")[0].strip() for entry in self.failed})
        return {code: reason_of(code) for code in codes}


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
        branches=[
            _branch(services, b, entries[b.branch_id], len(rejected[b.branch_id])) for b in signs.branches
        ],
        waiting=[entry for entry in every if entry.state is not EntryState.FAILED],
        failed=[entry for entry in every if entry.state is EntryState.FAILED],
        rejected=sorted((r for rows in rejected.values() for r in rows), key=lambda r: r.at, reverse=True),
        portal=_portal(services, signs.now),
        day=_day(services, signs.now),
        month=_month(services, signs.now),
        watched_at=moment_of(services.store.stats.notes(WHOLE).get("watched_at", "")),
    )


def _branch(services: "Services", signs: BranchSigns, entries: Sequence[Entry], rejected: int) -> BranchView:
    waiting = [entry for entry in entries if entry.state is not EntryState.FAILED]
    retries = [entry.due_at for entry in entries if entry.state is EntryState.RETRY]
    return BranchView(
        signs,
        services.store.cursors.load(signs.branch_id),
        {state: sum(entry.state is state for entry in entries) for state in EntryState},
        min((entry.queued_at for entry in waiting), default=None),
        min(retries, default=None),
        rejected,
    )


def _portal(services: "Services", now: datetime) -> PortalView:
    stats = services.store.portal_stats
    return PortalView(stats.lately(now, RATE_MINUTES), stats.operating(), stats.troubles())


def _day(services: "Services", now: datetime) -> list[tuple[datetime, Events]]:
    """Возвращает события каждого из последних 24 часов всех филиалов вместе."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(DAY_HOURS - 1, -1, -1)]
    found = _hours(services, hours[0], now)
    return [(hour, found.get(hour, {})) for hour in hours]


def _month(services: "Services", now: datetime) -> list[tuple[datetime, Events]]:
    """Возвращает события каждых из последних 30 суток; сутки — по поясу клиники."""
    zone = services.settings.rules.zone
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(MONTH_DAYS - 1, -1, -1)]
    totals: dict[datetime, dict[str, float]] = {day: {} for day in days}
    for hour, events in _hours(services, days[0], now).items():
        day = hour.astimezone(zone).replace(hour=0)
        for event, amount in events.items():
            totals[day][event] = totals[day].get(event, 0.0) + amount
    return list(totals.items())


def _hours(services: "Services", since: datetime, now: datetime) -> dict[datetime, dict[str, float]]:
    total: dict[datetime, dict[str, float]] = {}
    for branch in services.settings.served:
        for hour, events in services.store.stats.hours(branch.branch_id, since, now).items():
            known = total.setdefault(hour, {})
            for event, amount in events.items():
                known[event] = known.get(event, 0.0) + amount
    return total
