"""Отправка одной записи: свежие данные Ident → правила → сделка портала (design 2.2, 2.3, 2.8)."""

from datetime import datetime, timedelta

from services.domain.errors import FatalError, RetriableError, SkippableError, StoreError
from services.domain.fingerprint import failed_mark
from services.domain.judgement import Ready, Refused
from services.domain.reception import parse_uid
from services.domain.retries import GiveUp, plan_retry
from services.ports import (
    Claim,
    Clock,
    Halt,
    Journal,
    Lease,
    Link,
    Links,
    Locks,
    Outbox,
    SendGate,
    Stats,
)
from services.sync.delivery import Attempt, Busy, DealPolicy, Delivery, Outcome, lingering
from services.sync.intake import Intake

__all__ = ["Busy", "DealPolicy", "Outcome", "Postponed", "ReceptionMissing", "Upsert"]


class Postponed(RetriableError):
    """Запись отложена в очереди; ``retry_after`` — секунды до повтора."""


class ReceptionMissing(RetriableError):
    """Приём не прочёлся: чтение без блокировок могло его пропустить, вторая попытка решит."""


class Upsert:
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
    ) -> None:
        self._intake, self._delivery, self._outbox, self._links = intake, delivery, outbox, links
        self._locks, self._gate, self._stats, self._journal = locks, gate, stats, journal
        self._clock, self._branch, self._pace = clock, intake.branch, intake.pace

    def run(self, uid: str) -> Outcome:
        """Отправляет запись, если её время пришло; Postponed — повторить через ``retry_after``."""
        started = self._clock.now()
        claim = self._outbox.claim(uid, started, self._pace.lease)
        if claim is None:
            return Outcome.NOT_DUE
        if (wait := self._closed_for(started)) is not None:
            return self._hand_back(claim, wait)
        with self._outbox.kept(claim, self._clock, self._pace.lease):
            return self._guarded(claim, started)

    def _closed_for(self, now: datetime) -> timedelta | None:
        if self._gate.halted() is not None or self._gate.paused() is not None:
            return self._pace.hint_timeout
        return self._gate.retry_in(now)

    def _hand_back(self, claim: Claim, wait: timedelta) -> Outcome:
        """Возвращает запись, не считая попытки: слать сейчас нельзя или незачем."""
        self._outbox.release(claim, self._clock.now() + wait)
        return Outcome.HALTED

    def _guarded(self, claim: Claim, started: datetime) -> Outcome:
        try:
            outcome = self._locked(claim)
        except Busy:
            self._outbox.release(claim, self._clock.now() + self._pace.busy_pause)
            raise Postponed("запись занята", self._pace.busy_pause.total_seconds()) from None
        except StoreError:
            # Очередь недоступна: записать нечего и некуда, запись вернётся, когда кончится аренда.
            raise
        except RetriableError as error:
            return self._postpone(claim, error)
        except FatalError as error:
            return self._halt(claim, error)
        except SkippableError as error:
            return self._fail(claim, error.reason, str(error))
        except Exception as error:
            # Ошибка программы не должна ни зациклить запись, ни потерять её: она видна в failed.
            self._fail(claim, "bug", f"ошибка программы: {type(error).__name__}")
            raise
        self._count(outcome, started)
        return outcome

    def _locked(self, claim: Claim) -> Outcome:
        reception_id, pace = parse_uid(claim.uid).reception_id, self._pace
        with self._locks.hold(f"reception:{self._branch.database_id}:{reception_id}", pace.lease) as lease:
            if lease is None:
                raise Busy
            with lingering(lease, pace.uncertainty):
                return self._judged(claim, reception_id, lease)

    def _judged(self, claim: Claim, reception_id: int, lease: Lease) -> Outcome:
        """Перечитывает приём и решает его судьбу (design 2.2)."""
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
        self._remember(attempt, outcome, deal)
        return outcome

    def _mark_failed(self, attempt: Attempt) -> None:
        """Помнит отказанное состояние: выборка не поставит его снова, пока приём не изменится."""
        now = self._clock.now()
        known = self._links.get([attempt.uid]).get(attempt.uid)
        mark = failed_mark(attempt.ready.fingerprint)
        self._links.save(attempt.uid, Link(mark, known.deal_id if known else None))
        self._gate.succeeded(now)

    def _remember(self, attempt: Attempt, outcome: Outcome, deal_id: int) -> None:
        now = self._clock.now()
        self._links.save(attempt.uid, Link(attempt.ready.fingerprint, deal_id))
        self._links.accept(attempt.uid)
        self._gate.succeeded(now)
        self._outbox.complete(attempt.claim, now)
        self._journal.info(f"deal_{outcome}", reception=attempt.uid, deal=deal_id)

    def _count(self, outcome: Outcome, started: datetime) -> None:
        now, branch_id = self._clock.now(), self._branch.branch_id
        if outcome is not Outcome.REJECTED:  # отклонённую уже сосчитала приёмка
            self._stats.count(branch_id, str(outcome), now)
        self._stats.took(branch_id, (now - started).total_seconds(), now)

    def _postpone(self, claim: Claim, error: RetriableError) -> Outcome:
        """Откладывает повтор по расписанию семейства или сдаёт запись администратору (СПЕЦ 3.3.2)."""
        now, pace = self._clock.now(), self._pace
        if not error.attempted:
            return self._hand_back(claim, timedelta(seconds=error.retry_after or 0))
        if error.outage and self._gate.broke(now):
            self._journal.warning("portal_resting", error=str(error))
        plan = plan_retry(error, claim.attempts, pace.schedules, pace.uncertainty)
        if isinstance(plan, GiveUp):
            return self._fail(claim, error.family, str(error))
        delay = plan.delay
        self._outbox.postpone(claim, now + delay, error.family, str(error))
        self._stats.count(self._branch.branch_id, "retried", now)
        self._journal.warning("upsert_postponed", reception=claim.uid, error=str(error), retry_in=delay)
        raise Postponed(str(error), delay.total_seconds()) from None

    def _fail(self, claim: Claim, reason: str, message: str) -> Outcome:
        now = self._clock.now()
        self._outbox.fail(claim, now, reason, message)
        self._stats.count(self._branch.branch_id, "failed", now)
        self._journal.error("upsert_failed", reception=claim.uid, reason=reason, error=message)
        return Outcome.FAILED

    def _halt(self, claim: Claim, error: FatalError) -> Outcome:
        """Останавливает отправку: всё остаётся в очереди до ``portal resume`` (design 2.4)."""
        now = self._clock.now()
        self._gate.halt(Halt(error.reason, str(error), now))
        self._journal.error("sending_halted", reason=error.reason, error=str(error))
        return self._hand_back(claim, self._pace.hint_timeout)


def _missing(claim: Claim) -> Exception:
    if claim.attempts == 0:
        return ReceptionMissing("приём не прочёлся из базы Ident")
    return SkippableError("приёма больше нет в базе Ident", "reception_missing")
