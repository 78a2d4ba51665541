"""Сбор признаков здоровья из состояния установки: одни и те же — для страницы, тревог и метрик."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.domain.alarms import moment_of
from services.domain.outbox import EntryState, Halt
from services.domain.signs import BranchSigns, NodeSigns, Signs
from services.ports import Clock

if TYPE_CHECKING:
    from services.store.bundle import Store

#: Под этим именем лежат заметки обо всей установке.
WHOLE = "node"


class Health:
    """Признаки филиалов и отправки.

    Кроме филиалов этого узла видны все, кто оставил след в том же Redis: на общем Redis страница, тревоги и
    метрики одни на всех, какой бы узел их ни собирал.
    """

    def __init__(
        self,
        branches: Mapping[str, tuple[str, str]],
        served: Collection[str],
        store: "Store",
        clock: Clock,
        nodes: Callable[[], Sequence[NodeSigns]],
    ) -> None:
        self._branches, self._served, self._clock, self._nodes = branches, served, clock, nodes
        self._outbox, self._stats, self._gate = store.outbox, store.stats, store.gate

    def signs(self) -> Signs:
        now = self._clock.now()
        return Signs(
            now=now,
            since=self._watched_since(now),
            branches=[*self._seen(now)],
            halt=self._gate.halted(),
            pause=self._pause(),
            nodes=self._nodes(),
        )

    def _seen(self, now: datetime) -> Iterator[BranchSigns]:
        for branch_id in self._branches:
            notes = self._stats.notes(branch_id)
            if notes or branch_id in self._served:
                yield self._branch(branch_id, notes, now)

    def _branch(self, branch_id: str, notes: Mapping[str, str], now: datetime) -> BranchSigns:
        name, database_id = self._branches[branch_id]
        depth = self._outbox.depth(branch_id)
        failed = depth.get(EntryState.FAILED, 0)
        return BranchSigns(
            branch_id,
            name,
            database_id,
            last_success=moment_of(notes.get("last_success", "")),
            last_error=notes.get("last_error", ""),
            hour=self._stats.last_hour(branch_id, now),
            waiting=sum(depth.values()) - failed,
            failed=failed,
            foreign=notes.get("foreign_key", ""),
        )

    def _watched_since(self, now: datetime) -> datetime:
        """Возвращает начало наблюдения: новая установка не виновата, что успехов ещё не было."""
        known = moment_of(self._stats.notes(WHOLE).get("watched_since", ""))
        if known is None:
            self._stats.note(WHOLE, "watched_since", now.isoformat())
        return known or now

    def _pause(self) -> Halt | None:
        since = self._gate.paused()
        return Halt("paused", "пауза поставлена администратором", since) if since is not None else None
