"""Сводка за вчера: раз в сутки, в назначенный час, через каналы уведомлений."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from services.domain.signs import Signs
from services.ports import Notice
from services.store.stats import added
from services.sync.health import WHOLE

if TYPE_CHECKING:
    from services.store.bundle import Store

LOCK_TTL = timedelta(seconds=50)
SENT = "summary_on"


class DailySummary:
    """Сводка; не взял ни один канал — пробует через минуту, до конца суток."""

    def __init__(self, at: time, zone: tzinfo, store: "Store") -> None:
        self._at, self._zone, self._stats, self._locks = at, zone, store.stats, store.locks

    def run(
        self,
        signs: Signs,
        written: Callable[[date, Mapping[str, float]], Notice],
        deliver: Callable[[Notice], bool],
    ) -> None:
        """Шлёт сводку, если её час настал и сегодня её ещё не было; на общем Redis шлёт один узел."""
        local = signs.now.astimezone(self._zone)
        if local.time() < self._at or self._stats.notes(WHOLE).get(SENT) == local.date().isoformat():
            return
        with self._locks.hold("summary", LOCK_TTL) as lease:
            if lease is None:
                return
            day = local.date() - timedelta(days=1)
            since = datetime.combine(day, time(), self._zone)
            until = since + timedelta(days=1)
            events = added(self._stats.totals(branch.branch_id, since, until) for branch in signs.branches)
            if deliver(written(day, events)):
                self._stats.note(WHOLE, SENT, local.date().isoformat())
