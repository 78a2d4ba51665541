"""Повторная подсказка: чьё время пришло, чей узел погиб и чья временная причина ушла (design 2.3)."""

from collections.abc import Sequence
from datetime import timedelta

from services.domain.errors import Family
from services.ports import Clock, EntryState, Journal, Outbox, SendGate, Stats
from services.sync.branch import Pace

PACKET = 200
REVIVAL_PAUSE = timedelta(minutes=15)
TEMPORARY = frozenset(str(family) for family in Family)


class Redrive:
    """Обход очереди одного филиала; вместе с арендой возвращает работу убитого узла за две минуты."""

    def __init__(
        self,
        branch_id: str,
        outbox: Outbox,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._branch_id, self._outbox, self._gate = branch_id, outbox, gate
        self._stats, self._journal, self._clock, self._pace = stats, journal, clock, pace

    def due(self) -> Sequence[str]:
        """Возвращает ключи для подсказки; при остановке, паузе или открытом предохранителе — ничего."""
        now = self._clock.now()
        self._warn_when_deep()
        if self._stands() or self._gate.retry_in(now) is not None:
            return ()
        self._revive()
        return self._outbox.due(self._branch_id, now, self._pace.hint_timeout, PACKET)

    def _stands(self) -> bool:
        return self._gate.halted() is not None or self._gate.paused() is not None

    def _revive(self) -> None:
        """Возвращает в очередь отказавшие по временной причине: связь есть, значит, причина ушла."""
        now = self._clock.now()
        failed = self._outbox.entries(self._branch_id, EntryState.FAILED)
        cured = [
            entry.uid for entry in failed if entry.reason in TEMPORARY and now - entry.due_at >= REVIVAL_PAUSE
        ]
        if cured:
            self._journal.info(
                "failed_revived", branch=self._branch_id, count=self._outbox.requeue(cured, now)
            )

    def _warn_when_deep(self) -> None:
        depth = sum(self._outbox.depth(self._branch_id).values())
        self._stats.note(self._branch_id, "outbox", str(depth))
        if depth >= self._pace.outbox_warning:
            self._journal.warning("outbox_deep", branch=self._branch_id, depth=depth)
