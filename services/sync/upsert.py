"""Отправка одной записи: свежие данные Ident → правила → сделка портала (design 2.2, 2.3, 2.8)."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from services.domain.errors import (
    FatalError,
    NetworkError,
    RetriableError,
    SkippableError,
    StoreError,
)
from services.domain.judgement import Ready, Refused
from services.domain.mapping import FieldTable, creation_fields, update_fields
from services.domain.reception import parse_uid
from services.domain.retries import GiveUp, plan_retry
from services.domain.stages import KeepStage, StageTable, move_stage
from services.ports import (
    Claim,
    Clock,
    Crm,
    Deal,
    Found,
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
from services.sync.decisions import client_for, open_lead, unfinished_lead
from services.sync.intake import Intake

CONTACT_MEMORY = timedelta(days=1)


class Outcome(StrEnum):
    """Чем кончилась отправка."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    FOREIGN = "foreign"
    FAILED = "failed"
    HALTED = "halted"
    BUSY = "busy"
    NOT_DUE = "not_due"


class Postponed(RetriableError):
    """Запись отложена в очереди; ``retry_after`` — секунды до повтора."""


class Busy(Exception):
    """Запись, телефон или аренду держит другой: повторить чуть позже, попытку не считать."""


@dataclass(frozen=True, slots=True)
class DealPolicy:
    """Как приём ложится на портал: воронка, стадии, имена полей, что не обновляется."""

    category_id: int
    stages: StageTable
    fields: FieldTable
    immutable: Sequence[str]
    cancel_moves_manual: bool
    contact_matching: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Одна попытка: что берём, под какими ключами искать и чем держимся."""

    uid: str
    uids: Sequence[str]
    claim: Claim
    ready: Ready
    link: Link | None


class Upsert:
    """Отправка записей одного филиала; повтор в любом месте безвреден."""

    def __init__(
        self,
        intake: Intake,
        crm: Crm,
        outbox: Outbox,
        links: Links,
        locks: Locks,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
        policy: DealPolicy,
        key: bytes,
    ) -> None:
        self._intake, self._crm, self._outbox, self._links = intake, crm, outbox, links
        self._locks, self._gate, self._stats, self._journal = locks, gate, stats, journal
        self._clock, self._policy, self._key = clock, policy, key
        self._branch, self._pace = intake.branch, intake.pace

    def run(self, uid: str) -> Outcome:
        """Отправляет запись, если её время пришло; Postponed — повторить через ``retry_after``."""
        started = self._clock.now()
        claim = self._outbox.claim(uid, started, self._pace.lease)
        if claim is None:
            return Outcome.NOT_DUE
        if (wait := self._closed_for(started)) is not None:
            self._outbox.release(claim, started + wait)
            return Outcome.HALTED
        return self._guarded(claim, started)

    def _closed_for(self, now: datetime) -> timedelta | None:
        if self._gate.halted() is not None or self._gate.paused() is not None:
            return self._pace.hint_timeout
        return self._gate.retry_in(now)

    def _guarded(self, claim: Claim, started: datetime) -> Outcome:
        try:
            outcome = self._locked(claim)
        except Busy:
            self._outbox.release(claim, self._clock.now() + self._pace.busy_pause)
            raise Postponed("запись занята", self._pace.busy_pause.total_seconds()) from None
        except StoreError:
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
        reception_id = parse_uid(claim.uid).reception_id
        with self._locks.hold(
            f"reception:{self._branch.database_id}:{reception_id}", self._pace.lease
        ) as lease:
            if lease is None:
                raise Busy
            return self._judged(claim, reception_id)

    def _judged(self, claim: Claim, reception_id: int) -> Outcome:
        """Перечитывает приём и решает его судьбу (design 2.2)."""
        now, link = self._clock.now(), self._links.get([claim.uid]).get(claim.uid)
        rows = self._intake.source.read([reception_id])
        if not rows:
            raise SkippableError("приёма больше нет в базе Ident", "reception_missing")
        match self._branch.judge(rows[0], now):
            case Ready() as ready:
                uids = self._branch.possible_uids(reception_id)
                return self._delivered(_Attempt(claim.uid, uids, claim, ready, link))
            case Refused() as refused:
                self._intake.refuse(claim.uid, refused, link.deal_id if link else None, now)
                self._outbox.complete(claim, now)
                return Outcome.REJECTED
            case _:
                self._outbox.complete(claim, now)
                return Outcome.FOREIGN

    def _delivered(self, attempt: _Attempt) -> Outcome:
        link, fingerprint = attempt.link, attempt.ready.fingerprint
        if (
            link
            and link.deal_id is not None
            and link.fingerprint == fingerprint
            and not attempt.claim.attempts
        ):
            self._outbox.complete(attempt.claim, self._clock.now())
            return Outcome.UNCHANGED
        for warning in attempt.ready.warnings:
            self._journal.warning(warning.reason, reception=attempt.uid, message=warning.message)
            self._stats.count(self._branch.branch_id, warning.reason, self._clock.now())
        outcome, deal = self._sent(attempt)
        self._remember(attempt, outcome, deal)
        return outcome

    def _sent(self, attempt: _Attempt) -> tuple[Outcome, int]:
        """Обновляет известную сделку одним поиском; иначе ищет клиента под замком телефона."""
        if attempt.link and attempt.link.deal_id is not None and not attempt.claim.attempts:
            found = self._crm.find(attempt.uids, None)
            if found.deals:
                return Outcome.UPDATED, self._update(attempt, _eldest(found.deals), found)
            self._journal.warning("deal_vanished", reception=attempt.uid, deal=attempt.link.deal_id)
        token = attempt.ready.draft.phone.token(self._key)
        with ExitStack() as stack:
            wait = self._pace.busy_pause
            lease = stack.enter_context(self._locks.hold(f"phone:{token}", self._pace.lease, wait))
            if lease is None:
                raise Busy
            return self._sent_for_phone(attempt, token, lease)

    def _sent_for_phone(self, attempt: _Attempt, token: str, lease: Lease) -> tuple[Outcome, int]:
        self._hold_on(attempt, lease)
        found = self._crm.find(attempt.uids, attempt.ready.draft.phone, self._links.contact(token))
        self._hold_on(attempt, lease)
        if found.deals:
            deal = _eldest(found.deals)
            return Outcome.UPDATED, self._update(attempt, deal, found)
        return Outcome.CREATED, self._create(attempt, found, token, partial(self._hold_on, attempt, lease))

    def _hold_on(self, attempt: _Attempt, lease: Lease) -> None:
        """Продлевает аренду перед каждым обращением к порталу: убитый узел держит запись не дольше неё."""
        alive = lease.extend() and self._outbox.extend(attempt.claim, self._clock.now(), self._pace.lease)
        if not alive:
            raise Busy

    def _update(self, attempt: _Attempt, deal: Deal, found: Found) -> int:
        """Обновляет найденную сделку и доделывает прерванное: контакт без привязки, лид без перевода."""
        policy, draft = self._policy, attempt.ready.draft
        move = move_stage(deal.stage_id, draft.target, policy.stages, policy.cancel_moves_manual)
        if isinstance(move, KeepStage) and move.manual_cancel:
            self._journal.warning("manual_stage_kept", reception=attempt.uid, deal=deal.deal_id)
        self._crm.update_deal(deal.deal_id, update_fields(draft, policy.fields, policy.immutable, move))
        if deal.contact_id is None:
            self._bind(attempt, deal, found)
        if (lead := unfinished_lead(deal, found.leads)) is not None:
            self._convert(attempt, lead.lead_id, deal.deal_id)
        return deal.deal_id

    def _bind(self, attempt: _Attempt, deal: Deal, found: Found) -> None:
        token = attempt.ready.draft.phone.token(self._key)
        if not found.contacts and not found.leads:
            found = self._crm.find(attempt.uids, attempt.ready.draft.phone, self._links.contact(token))
        lead = unfinished_lead(deal, found.leads)
        client = client_for(found.contacts, lead, attempt.ready.draft, self._policy.contact_matching)
        contact_id = self._crm.bind_contact(deal.deal_id, client)
        self._links.remember_contact(token, contact_id, CONTACT_MEMORY)
        self._journal.warning("contact_bound", reception=attempt.uid, deal=deal.deal_id, contact=contact_id)

    def _create(self, attempt: _Attempt, found: Found, token: str, hold_on: partial[None]) -> int:
        """Создаёт сделку с контактом и переводит ждавший лид (МАП 2.3.1, постановления 7, 8)."""
        policy, draft, lead = self._policy, attempt.ready.draft, open_lead(found.leads)
        client = client_for(found.contacts, lead, draft, policy.contact_matching)
        fields = creation_fields(draft, policy.fields, policy.stages, policy.category_id)
        created = self._crm.create_deal(fields, client, lead.lead_id if lead else None)
        self._links.remember_contact(token, created.contact_id, CONTACT_MEMORY)
        if lead is not None:
            hold_on()
            self._convert(attempt, lead.lead_id, created.deal_id)
        return created.deal_id

    def _convert(self, attempt: _Attempt, lead_id: int, deal_id: int) -> None:
        self._crm.convert_lead(lead_id, deal_id)
        self._stats.count(self._branch.branch_id, "converted", self._clock.now())
        self._journal.info("lead_converted", reception=attempt.uid, lead=lead_id, deal=deal_id)

    def _remember(self, attempt: _Attempt, outcome: Outcome, deal_id: int) -> None:
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
        now = self._clock.now()
        if isinstance(error, NetworkError):
            self._gate.broke(now)
        plan = plan_retry(error, claim.attempts)
        if isinstance(plan, GiveUp):
            return self._fail(claim, error.family, str(error))
        self._outbox.postpone(claim, now + plan.delay, error.family, str(error))
        self._stats.count(self._branch.branch_id, "retried", now)
        self._journal.warning("upsert_postponed", reception=claim.uid, error=str(error), retry_in=plan.delay)
        raise Postponed(str(error), plan.delay.total_seconds()) from None

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
        self._outbox.release(claim, now + self._pace.hint_timeout)
        self._journal.error("sending_halted", reason=error.reason, error=str(error))
        return Outcome.HALTED


def _eldest(deals: Sequence[Deal]) -> Deal:
    return min(deals, key=lambda deal: deal.deal_id)
