"""Отправка одной записи: свежие данные Ident → правила → сделка портала (ADR 0003, docs/at_least_once.md)."""

from collections.abc import Callable
from datetime import datetime

from services.domain.errors import RetriableError, SkippableError
from services.domain.judgement import Ready, Refused
from services.domain.reception import parse_uid
from services.ports import (
    Claim,
    Clock,
    Journal,
    Lease,
    Link,
    Links,
    Locks,
    Outbox,
    SendGate,
    Stats,
)
from services.sync.deal_sending import DealSending
from services.sync.delivery import Attempt, Busy, DealPolicy, Delivery, Outcome, lingering
from services.sync.intake import Intake
from services.sync.sending import Postponed

__all__ = ["Busy", "DealPolicy", "Outcome", "Postponed", "ReceptionMissing", "Upsert"]


class ReceptionMissing(RetriableError):
    """Приём не прочёлся: чтение без блокировок могло его пропустить, вторая попытка решит."""


class Upsert(DealSending):
    """Отправка записей одного филиала; повтор в любом месте безвреден."""

    def __init__(
        self,
        intake: Intake,
        delivery: Delivery,
        outbox: Outbox,
        links: Links,
        locks: Locks,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
        new_deal: Callable[[str, datetime], object] = lambda uid, now: None,
    ) -> None:
        state = outbox, links, locks, gate, stats
        super().__init__(intake.branch, intake.pace, delivery, *state, journal, clock)
        self._intake, self._new_deal = intake, new_deal

    def _locked(self, claim: Claim) -> Outcome:
        reception_id, pace = parse_uid(claim.uid).reception_id, self._pace
        with self._locks.hold(f"reception:{self._branch.database_id}:{reception_id}", pace.lease) as lease:
            if lease is None:
                raise Busy
            with lingering(lease, pace.uncertainty):
                return self._judged(claim, reception_id, lease)

    def _judged(self, claim: Claim, reception_id: int, lease: Lease) -> Outcome:
        """Перечитывает приём и решает его судьбу (ADR 0003)."""
        now, link = self._clock.now(), self._links.get([claim.uid]).get(claim.uid)
        rows = self._intake.source.read([reception_id])
        if not rows:
            raise _missing(claim)
        match self._branch.judge(rows[0], now):
            case Ready() as ready:
                uids = self._branch.possible_uids(reception_id)
                return self._delivered(Attempt(claim.uid, uids, claim, ready, link, lease))
            case Refused() as refused:
                self._intake.refuse(claim.uid, refused, link.deal_id if link else None, now)
                self._outbox.complete(claim, now)
                return Outcome.REJECTED
            case _:
                self._outbox.complete(claim, now)
                return Outcome.FOREIGN

    def _delivered(self, attempt: Attempt) -> Outcome:
        if attempt.known_deal is not None and attempt.link == Link(
            attempt.ready.fingerprint, attempt.known_deal
        ):
            self._outbox.complete(attempt.claim, self._clock.now())
            return Outcome.UNCHANGED
        for warning in attempt.ready.warnings:
            self._journal.warning(warning.reason, reception=attempt.uid, message=warning.message)
            self._stats.count(self._branch.branch_id, warning.reason, self._clock.now())
        try:
            outcome, deal = self._delivery.deliver(attempt)
        except SkippableError:
            self._mark_failed(attempt)
            raise
        if attempt.known_deal is None:
            # До того, как запись забудется: сделка могла быть создана и прежней, прерванной попыткой.
            self._new_deal(attempt.uid, self._clock.now())
        self._remember(attempt, outcome, deal)
        return outcome


def _missing(claim: Claim) -> Exception:
    if claim.attempts == 0:
        return ReceptionMissing("приём не прочёлся из базы Ident")
    return SkippableError("приёма больше нет в базе Ident", "reception_missing")
