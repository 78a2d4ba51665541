"""Отправка записи, у которой есть своя сделка: что помнить после удачи и после отказа портала."""

from services.domain.fingerprint import failed_mark
from services.ports import Clock, Journal, Link, Links, Locks, Outbox, SendGate, Stats
from services.sync.branch import Branch, Pace
from services.sync.delivery import Attempt, Delivery, Outcome
from services.sync.sending import Sending


class DealSending(Sending):
    """Общее приёмов и добавленных сущностей: доставка сделки и память о ней."""

    def __init__(
        self,
        branch: Branch,
        pace: Pace,
        delivery: Delivery,
        outbox: Outbox,
        links: Links,
        locks: Locks,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
    ) -> None:
        super().__init__(branch, pace, outbox, gate, stats, journal, clock)
        self._delivery, self._links, self._locks = delivery, links, locks

    def _mark_failed(self, attempt: Attempt) -> None:
        """Помнит отказанное состояние: выборка не поставит его снова, пока запись не изменится."""
        now = self._clock.now()
        known = self._links.get([attempt.uid]).get(attempt.uid)
        mark = failed_mark(attempt.ready.fingerprint)
        self._links.save(attempt.uid, Link(mark, known.deal_id if known else None))
        self._gate.succeeded(now)

    def _remember(self, attempt: Attempt, outcome: Outcome, deal_id: int) -> None:
        """Помнит доставленное состояние и сделку; запись уходит из очереди."""
        now = self._clock.now()
        self._links.save(attempt.uid, Link(attempt.ready.fingerprint, deal_id))
        self._links.accept(attempt.uid)
        self._gate.succeeded(now)
        self._outbox.complete(attempt.claim, now)
        self._journal.info(f"deal_{outcome}", reception=attempt.uid, deal=deal_id)
