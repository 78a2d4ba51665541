"""Доставка: приводит сделку к состоянию приёма; повтор в любом месте безвреден (МАП 2.3)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from services.domain.errors import RetriableError
from services.domain.fingerprint import is_settled
from services.domain.judgement import Ready
from services.domain.mapping import FieldTable, creation_fields, update_fields
from services.domain.stages import KeepStage, StageTable, move_stage
from services.ports import (
    Claim,
    Clock,
    Crm,
    Deal,
    Found,
    Journal,
    Lease,
    Link,
    Links,
    Locks,
    NewContact,
    Outbox,
    Permit,
    Stats,
)
from services.sync.branch import Branch, Pace
from services.sync.decisions import client_for, open_lead, unfinished_lead

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
class Attempt:
    """Одна попытка: что берём, под какими ключами искать и чем держимся."""

    uid: str
    uids: Sequence[str]
    claim: Claim
    ready: Ready
    link: Link | None
    lease: Lease

    @property
    def known_deal(self) -> int | None:
        """Возвращает сделку, если о ней известно всё: прошлая запись не прервалась на полпути."""
        settled = self.link is not None and is_settled(self.link.fingerprint)
        return self.link.deal_id if self.link is not None and settled else None


@contextmanager
def lingering(lease: Lease, period: timedelta) -> Iterator[None]:
    """После неясного исхода оставляет замок запертым: портал, может быть, ещё выполняет запрос."""
    try:
        yield
    except RetriableError as error:
        if error.unclear:
            lease.linger(period)
        raise


class Delivery:
    """Поиск, создание и обновление сделки одного филиала."""

    def __init__(
        self,
        branch: Branch,
        pace: Pace,
        crm: Crm,
        outbox: Outbox,
        links: Links,
        locks: Locks,
        stats: Stats,
        journal: Journal,
        clock: Clock,
        policy: DealPolicy,
        key: bytes,
    ) -> None:
        self._branch, self._pace, self._crm, self._outbox = branch, pace, crm, outbox
        self._links, self._locks, self._stats, self._journal = links, locks, stats, journal
        self._clock, self._policy, self._key = clock, policy, key

    def deliver(self, attempt: Attempt) -> tuple[Outcome, int]:
        """Обновляет известную сделку одним поиском; иначе ищет клиента под замком телефона."""
        if attempt.known_deal is not None:
            found = self._crm.find(attempt.uids, None)
            if found.deals and _eldest(found.deals).contact_id is not None:
                return Outcome.UPDATED, self._update(attempt, _eldest(found.deals), found, (attempt.lease,))
            if not found.deals:
                self._journal.warning("deal_vanished", reception=attempt.uid, deal=attempt.known_deal)
        token = attempt.ready.draft.phone.token(self._key)
        with self._locks.hold(f"phone:{token}", self._pace.lease, self._pace.busy_pause) as lease:
            if lease is None:
                raise Busy
            leases = attempt.lease, lease
            with lingering(lease, self._pace.uncertainty):
                return self._for_phone(attempt, token, leases)

    def _for_phone(self, attempt: Attempt, token: str, leases: Sequence[Lease]) -> tuple[Outcome, int]:
        found = self._crm.find(attempt.uids, attempt.ready.draft.phone, self._links.contact(token))
        if found.deals:
            return Outcome.UPDATED, self._update(attempt, _eldest(found.deals), found, leases)
        return Outcome.CREATED, self._create(attempt, found, token, leases)

    def _hold_on(self, attempt: Attempt, leases: Sequence[Lease]) -> None:
        """Проверяет перед каждой записью, что всё ещё держимся: проспавший процесс чужого не испортит."""
        if not self._holds(attempt, leases):
            raise Busy

    def _holds(self, attempt: Attempt, leases: Sequence[Lease]) -> bool:
        alive = all(lease.extend() for lease in leases)
        return alive and self._outbox.extend(attempt.claim, self._clock.now(), self._pace.lease)

    def _permit(self, attempt: Attempt, leases: Sequence[Lease]) -> Permit:
        """Возвращает право на запись: тот же вопрос отправка задаст в последний миг перед запросом."""
        return Permit(partial(self._holds, attempt, leases))

    def _update(self, attempt: Attempt, deal: Deal, found: Found, leases: Sequence[Lease]) -> int:
        """Обновляет найденную сделку и доделывает прерванное: контакт без привязки, лид без перевода."""
        policy, draft = self._policy, attempt.ready.draft
        move = move_stage(deal.stage_id, draft.target, policy.stages, policy.cancel_moves_manual)
        if isinstance(move, KeepStage) and move.manual_cancel:
            self._journal.warning("manual_stage_kept", reception=attempt.uid, deal=deal.deal_id)
        self._begin(attempt, deal.deal_id, leases)
        fields = update_fields(draft, policy.fields, policy.immutable, move)
        self._crm.update_deal(deal.deal_id, fields, permit=self._permit(attempt, leases))
        if deal.contact_id is None:
            self._bind(attempt, deal, found, leases)
        if (lead := unfinished_lead(deal, found.leads)) is not None:
            self._convert(attempt, lead.lead_id, deal.deal_id, leases)
        return deal.deal_id

    def _begin(self, attempt: Attempt, deal_id: int, leases: Sequence[Lease]) -> None:
        """Стирает отпечаток перед записью: прерванная, она не сойдёт за доставленное прежнее состояние."""
        self._hold_on(attempt, leases)
        self._links.save(attempt.uid, Link("", deal_id))

    def _bind(self, attempt: Attempt, deal: Deal, found: Found, leases: Sequence[Lease]) -> None:
        draft, lead = attempt.ready.draft, unfinished_lead(deal, found.leads)
        client = client_for(found.contacts, lead, draft, self._policy.contact_matching)
        self._hold_on(attempt, leases)
        permit = self._permit(attempt, leases)
        contact_id = self._contact_of(client, draft.phone.token(self._key), permit)
        self._crm.bind_contact(deal.deal_id, contact_id, permit=permit)
        self._journal.warning("contact_bound", reception=attempt.uid, deal=deal.deal_id, contact=contact_id)

    def _create(self, attempt: Attempt, found: Found, token: str, leases: Sequence[Lease]) -> int:
        """Создаёт сделку с контактом и переводит ждавший лид (МАП 2.3.1, постановления 7, 8)."""
        policy, draft, lead = self._policy, attempt.ready.draft, open_lead(found.leads)
        client = client_for(found.contacts, lead, draft, policy.contact_matching)
        fields = creation_fields(draft, policy.fields, policy.stages, policy.category_id)
        permit = self._permit(attempt, leases)
        self._hold_on(attempt, leases)
        contact_id = self._contact_of(client, token, permit)
        self._hold_on(attempt, leases)
        deal_id = self._crm.create_deal(fields, contact_id, permit=permit)
        if lead is not None:
            self._convert(attempt, lead.lead_id, deal_id, leases)
        return deal_id

    def _contact_of(self, client: int | NewContact, token: str, permit: Permit) -> int:
        """Возвращает контакт клиента; нового запоминает сразу: сделка может и не создаться."""
        if isinstance(client, int):
            return client
        contact_id = self._crm.create_contact(client, permit=permit)
        self._links.remember_contact(token, contact_id, CONTACT_MEMORY)
        return contact_id

    def _convert(self, attempt: Attempt, lead_id: int, deal_id: int, leases: Sequence[Lease]) -> None:
        self._hold_on(attempt, leases)
        self._crm.convert_lead(lead_id, deal_id, permit=self._permit(attempt, leases))
        self._stats.count(self._branch.branch_id, "converted", self._clock.now())
        self._journal.info("lead_converted", reception=attempt.uid, lead=lead_id, deal=deal_id)


def _eldest(deals: Sequence[Deal]) -> Deal:
    return min(deals, key=lambda deal: deal.deal_id)
