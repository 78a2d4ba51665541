"""Отправка записи очереди: взять, выполнить, отложить, сдать, остановиться — для сделок и снимков одна.

Что именно отправить, знает наследник: Upsert — сделку приёма, PlanPush — снимок планов.
"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta

from services.domain.errors import FatalError, RetriableError, SkippableError, StoreError
from services.domain.retries import GiveUp, plan_retry
from services.ports import Claim, Clock, Halt, Journal, Outbox, SendGate, Stats
from services.sync.branch import Branch, Pace
from services.sync.delivery import Busy, Outcome


class Postponed(RetriableError):
    """Запись отложена в очереди; ``retry_after`` — секунды до повтора."""


class Sending(ABC):
    """Отправка записей одного филиала; повтор в любом месте безвреден."""

    def __init__(
        self,
        branch: Branch,
        pace: Pace,
        outbox: Outbox,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._branch, self._pace, self._outbox, self._gate = branch, pace, outbox, gate
        self._stats, self._journal, self._clock = stats, journal, clock

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
        except StoreError as error:
            # Очередь недоступна: записать исход некуда, запись вернётся, когда кончится аренда.
            self._journal.warning("outcome_not_kept", reception=claim.uid, error=str(error))
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

    @abstractmethod
    def _locked(self, claim: Claim) -> Outcome:
        """Отправляет взятую запись; ошибки разбирает общая часть."""

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
        """Останавливает отправку: всё остаётся в очереди до ``portal resume`` (СПЕЦ 3.3.2)."""
        now = self._clock.now()
        self._gate.halt(Halt(error.reason, str(error), now))
        self._journal.error("sending_halted", reason=error.reason, error=str(error))
        return self._hand_back(claim, self._pace.hint_timeout)
