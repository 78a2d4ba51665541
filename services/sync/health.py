"""Сбор признаков здоровья из состояния установки: одни и те же — для страницы, тревог и метрик."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.alarms import moment_of
from services.domain.signs import BranchSigns, Signs, Stop
from services.ports import Clock, EntryState, Outbox, SendGate, Stats

#: Под этим именем лежат заметки обо всей установке.
WHOLE = "node"


@dataclass(frozen=True, slots=True)
class Watched:
    """Филиал, за которым следят."""

    branch_id: str
    name: str
    database_id: str


class Health:
    """Признаки филиалов этого узла и отправки."""

    def __init__(
        self,
        branches: Sequence[Watched],
        outbox: Outbox,
        stats: Stats,
        gate: SendGate,
        clock: Clock,
        disk: Callable[[], float],
    ) -> None:
        self._branches, self._outbox, self._stats, self._gate = branches, outbox, stats, gate
        self._clock, self._disk = clock, disk

    def signs(self) -> Signs:
        """Возвращает признаки на сейчас."""
        now = self._clock.now()
        return Signs(
            now=now,
            since=self._watched_since(now),
            branches=[self._branch(branch, now) for branch in self._branches],
            halt=self._halt(),
            pause=self._pause(),
            disk_used=self._disk(),
        )

    def _branch(self, branch: Watched, now: datetime) -> BranchSigns:
        notes = self._stats.notes(branch.branch_id)
        depth = self._outbox.depth(branch.branch_id)
        failed = depth.get(EntryState.FAILED, 0)
        return BranchSigns(
            branch.branch_id,
            branch.name,
            branch.database_id,
            last_success=moment_of(notes.get("last_success", "")),
            last_error=notes.get("last_error", ""),
            hour=self._stats.last_hour(branch.branch_id, now),
            waiting=sum(depth.values()) - failed,
            failed=failed,
        )

    def _watched_since(self, now: datetime) -> datetime:
        """Возвращает начало наблюдения: новая установка не виновата, что успехов ещё не было."""
        known = moment_of(self._stats.notes(WHOLE).get("watched_since", ""))
        if known is None:
            self._stats.note(WHOLE, "watched_since", now.isoformat())
        return known or now

    def _halt(self) -> Stop | None:
        halt = self._gate.halted()
        return Stop(halt.reason, halt.message, halt.at) if halt is not None else None

    def _pause(self) -> Stop | None:
        since = self._gate.paused()
        return Stop("paused", "пауза поставлена администратором", since) if since is not None else None
