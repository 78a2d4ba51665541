"""Сверка: всё окно приёмов против доставленного по отпечаткам (СПЕЦ 3.1.3).

Находит то, что не двигает отметок времени: строку заказа, выполненную строку плана, пропущенное изменение.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta

from services.domain.errors import FatalError, RetriableError
from services.ports import Clock, Crm, Journal, Link, Links, Locks, SendGate
from services.sync.intake import Intake

PATIENCE = timedelta(seconds=5)


class Reconcile:
    """Сверка одного филиала за окно [−7 дней, +90 дней] от времени базы."""

    def __init__(
        self,
        intake: Intake,
        crm: Crm,
        links: Links,
        locks: Locks,
        gate: SendGate,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._intake, self._crm, self._links, self._gate = intake, crm, links, gate
        self._locks, self._journal, self._clock = locks, journal, clock

    def packets(self) -> Generator[Sequence[str], None, None]:
        """Выдаёт пакеты ключей, чьи сделки разошлись с Ident или исчезли с портала."""
        pace = self._intake.pace
        now = self._intake.source.now()
        yield from self.window(now - pace.reconcile_back, now + pace.reconcile_ahead)

    def window(self, since: datetime, until: datetime) -> Iterator[Sequence[str]]:
        """Сверяет приёмы с началом в [since, until); времена — в поясе базы."""
        branch_id, turn = self._intake.branch.branch_id, self._intake.pace.turn
        with self._locks.hold(f"reconcile:{branch_id}", turn, turn + PATIENCE) as lease:
            if lease is None:
                self._journal.info("reconcile_busy", branch=branch_id)
                return
            total = 0
            for page in self._pages(since, until):
                self._forget_vanished(page)
                hints = self._intake.take(page, self._clock.now())
                yield hints
                total += len(hints)
                if not lease.extend():
                    return
            self._journal.info("reconcile_finished", branch=branch_id, queued=total)

    def _pages(self, since: datetime, until: datetime) -> Iterator[Sequence[int]]:
        after = 0
        while page := self._intake.source.planned_between(since, until, after):
            yield page
            after = page[-1]

    def _forget_vanished(self, reception_ids: Sequence[int]) -> None:
        """Забывает сделки, удалённые с портала руками: приёмка поставит их заново (постановление 20)."""
        uids = [self._intake.branch.uid(reception_id) for reception_id in reception_ids]
        linked = {uid: link for uid, link in self._links.get(uids).items() if link.deal_id is not None}
        alive = self._alive(reception_ids) if linked else None
        if alive is None:
            return
        for uid, link in linked.items():
            if link.deal_id not in alive:
                self._links.save(uid, Link("", None))
                self._journal.warning("deal_vanished", reception=uid, deal=link.deal_id)

    def _alive(self, reception_ids: Sequence[int]) -> frozenset[int] | None:
        """Возвращает сделки портала; None — его сейчас не спросить, сверка с Ident идёт без него."""
        if self._gate.halted() is not None or self._gate.blocked_for(self._clock.now()) is not None:
            return None
        asked = [uid for known in reception_ids for uid in self._intake.branch.possible_uids(known)]
        try:
            return frozenset(deal.deal_id for deal in self._crm.find(asked, None).deals)
        except (RetriableError, FatalError) as error:
            self._journal.warning(
                "reconcile_without_portal", branch=self._intake.branch.branch_id, error=str(error)
            )
            return None
