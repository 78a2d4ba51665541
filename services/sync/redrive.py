"""Повторная подсказка: чьё время пришло, чей узел погиб и чья временная причина ушла."""

from collections.abc import Sequence
from datetime import datetime

from services.domain.errors import Family
from services.ports import Clock, Entry, EntryState, Journal, Outbox, SendGate, Stats
from services.sync.branch import Pace

PACKET = 200
PORTAL = frozenset({Family.NETWORK, Family.API})


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
        if self._stands() or self._gate.blocked_for(now) is not None:
            return ()
        self._revive(now)
        return self._outbox.due(self._branch_id, now, self._pace.hint_timeout, PACKET)

    def _stands(self) -> bool:
        return self._gate.halted() is not None or self._gate.paused() is not None

    def _revive(self, now: datetime) -> None:
        """Возвращает в очередь отказавшие по временной причине, когда она ушла."""
        failed = self._outbox.entries(self._branch_id, EntryState.FAILED)
        temporary = [entry for entry in failed if entry.reason in set(Family)]
        if cured := [entry.uid for entry in temporary if self._cured(entry, now)]:
            count = self._outbox.revive(cured, now)
            self._journal.info("failed_revived", branch=self._branch_id, count=count)

    def _cured(self, entry: Entry, now: datetime) -> bool:
        """Отвечает, пора ли пробовать снова: в первый раз — как только связь вернулась, потом — с паузой."""
        if now - entry.due_at >= self._pace.revival:
            return True
        back = self._back_since(entry.reason)
        return entry.revived == 0 and back is not None and back > entry.due_at

    def _back_since(self, family: str) -> datetime | None:
        """Возвращает последнее доказательство, что портал или база отвечают."""
        if family in PORTAL:
            return self._gate.last_success()
        noted = self._stats.notes(self._branch_id).get("last_success")
        return datetime.fromisoformat(noted) if noted else None

    def _warn_when_deep(self) -> None:
        """Предупреждает о глубокой очереди один раз, пока она не обмелеет (ТЗ 4.1.3)."""
        depth, limit = self._outbox.size(self._branch_id), self._pace.outbox_warning
        warned = self._stats.notes(self._branch_id).get("outbox_deep") == "1"
        self._stats.note(self._branch_id, "outbox", str(depth))
        if depth >= limit and not warned:
            self._journal.warning("outbox_deep", branch=self._branch_id, depth=depth)
            self._stats.note(self._branch_id, "outbox_deep", "1")
        elif warned and depth < limit * 0.8:
            self._journal.info("outbox_shallow", branch=self._branch_id, depth=depth)
            self._stats.note(self._branch_id, "outbox_deep", "0")
