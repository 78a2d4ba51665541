"""Обмен добавленной сущностью: та же выборка, очередь и доставка, что у приёмов; своё — только правило."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.domain.branches import owner_named
from services.domain.entity import Entity, EntityKey, EntityPlace, parse_entity_key
from services.domain.errors import SkippableError
from services.domain.fingerprint import draft_fingerprint
from services.domain.judgement import Foreign, Ready, Refused, refused, unknown_branch
from services.domain.reception import UNKNOWN_BRANCH
from services.domain.texts import line
from services.domain.validation import Violation
from services.ports import (
    Claim,
    Clock,
    Journal,
    Lease,
    Link,
    Links,
    Locks,
    Outbox,
    Rejection,
    SendGate,
    Stats,
)
from services.sync.branch import Branch, Pace
from services.sync.deal_sending import DealSending
from services.sync.delivery import Attempt, Busy, Delivery, Outcome, lingering
from services.sync.extract import Changes
from services.sync.intake import is_stale

Row = Mapping[str, object]


class EntitySource(Changes, Protocol):
    """Чтение сущности одной базы."""

    def read(self, numbers: Sequence[int]) -> Mapping[int, Row]:
        """Возвращает строки по номерам (до 50); отсутствующих нет."""
        ...


class EntityCourt:
    """Решение по строке: чья она и какая сделка должна быть."""

    def __init__(self, branch: Branch, entity: Entity) -> None:
        self._branch, self._entity = branch, entity

    def key(self, number: int) -> str:
        """Возвращает ключ записи этого филиала."""
        return str(EntityKey(self._branch.branch_id, self._entity.letter, number))

    def judge(self, number: int, row: Row) -> Ready | Refused | Foreign:
        """Решает судьбу строки; негодную отклоняет с причиной."""
        court = self._branch.court
        try:
            owner = owner_named(line(str(row["branch"] or "")) or UNKNOWN_BRANCH, court.neighbours)
            if owner.rule.number != court.number:
                return Foreign()
            key = EntityKey(self._branch.branch_id, self._entity.letter, number)
            draft = self._entity.draft(row, EntityPlace(key, owner.text, court.database_id, court.zone))
        except SkippableError as error:
            return refused((Violation(error.reason, "row", str(error)),))
        return (
            Ready(draft, draft_fingerprint(draft), unknown_branch(owner)) if draft is not None else Foreign()
        )


class EntityIntake:
    """Приёмка сущности: в очередь идут записи, чья сделка устарела."""

    def __init__(
        self,
        name: str,
        court: EntityCourt,
        source: EntitySource,
        outbox: Outbox,
        links: Links,
        journal: Journal,
        pace: Pace,
    ) -> None:
        self.name, self.court, self.source, self.pace = name, court, source, pace
        self._outbox, self._links, self._journal = outbox, links, journal

    def take(self, numbers: Sequence[int], now: datetime) -> Sequence[str]:
        """Ставит изменившееся в очередь; возвращает ключи для подсказок."""
        rows = self.source.read(numbers)
        known = self._links.get([self.court.key(number) for number in rows])
        stale = [uid for number, row in rows.items() if (uid := self._sort(number, row, known, now))]
        return self._outbox.put(stale, now, self.pace.hint_timeout) if stale else ()

    def _sort(self, number: int, row: Row, known: Mapping[str, Link], now: datetime) -> str | None:
        uid = self.court.key(number)
        link = known.get(uid)
        match self.court.judge(number, row):
            case Ready(fingerprint=fingerprint):
                return uid if is_stale(link, fingerprint) else None
            case Refused() as found:
                if link is None or link.fingerprint != found.fingerprint:
                    self.refuse(uid, found, link.deal_id if link else None, now)
        return None

    def refuse(self, uid: str, found: Refused, deal_id: int | None, now: datetime) -> None:
        """Заносит запись в отклонённые."""
        reason = ", ".join(violation.reason for violation in found.violations)
        message = "; ".join(violation.message for violation in found.violations)
        self._links.save(uid, Link(found.fingerprint, deal_id))
        self._links.reject(Rejection(uid, reason, message, now))
        self._journal.warning("reception_rejected", reception=uid, reason=reason, message=message)


class EntityPush(DealSending):
    """Отправка одной записи сущности: перечитать, решить, привести сделку в порядок."""

    def __init__(
        self,
        branch: Branch,
        intake: EntityIntake,
        delivery: Delivery,
        outbox: Outbox,
        links: Links,
        locks: Locks,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
    ) -> None:
        state = outbox, links, locks, gate, stats
        super().__init__(branch, intake.pace, delivery, *state, journal, clock)
        self._intake = intake

    def _locked(self, claim: Claim) -> Outcome:
        with self._locks.hold(f"entity:{claim.uid}", self._pace.lease) as lease:
            if lease is None:
                raise Busy
            with lingering(lease, self._pace.uncertainty):
                return self._judged(claim, lease)

    def _judged(self, claim: Claim, lease: Lease) -> Outcome:
        number, now = parse_entity_key(claim.uid).number, self._clock.now()
        link, rows = self._links.get([claim.uid]).get(claim.uid), self._intake.source.read([number])
        if number not in rows:
            raise SkippableError("записи больше нет в базе Ident", "reception_missing")
        match self._intake.court.judge(number, rows[number]):
            case Ready() as ready:
                return self._delivered(Attempt(claim.uid, [claim.uid], claim, ready, link, lease))
            case Refused() as found:
                self._intake.refuse(claim.uid, found, link.deal_id if link else None, now)
                self._outbox.complete(claim, now)
                return Outcome.REJECTED
            case _:
                self._outbox.complete(claim, now)
                return Outcome.FOREIGN

    def _delivered(self, attempt: Attempt) -> Outcome:
        try:
            outcome, deal_id = self._delivery.deliver(attempt)
        except SkippableError:
            self._mark_failed(attempt)
            raise
        self._remember(attempt, outcome, deal_id)
        return outcome

    def _count(self, outcome: Outcome, started: datetime) -> None:
        """Считает отдельно: среди обработанных приёмов этим записям не место."""
        self._stats.count(self._branch.branch_id, f"entities_{outcome}", self._clock.now())
