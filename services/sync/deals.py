"""Доставка сделки: приводит её к состоянию записи; повтор в любом месте безвреден (МАП 2.3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from services.domain.absence import CANCEL_REASON
from services.domain.crm import Deal, Found, Lead, NewContact
from services.domain.errors import RetriableError, Vanished
from services.domain.mapping import DealDraft, creation_fields, update_fields
from services.domain.outbox import Claim, Link, Permit, Unclear
from services.domain.ownership import key_was_cleared
from services.domain.reception import ReceptionStatus
from services.domain.stages import KeepStage, SetStage, Stage, move_stage
from services.ports import Crm
from services.sync.decisions import client_for, open_lead, unfinished_lead
from services.sync.feed import Attempt, Busy, Delivered, InDoubt, Outcome, Work, reading
from services.sync.ownership import DealOwnership

CONTACT_MEMORY = timedelta(days=1)
#: Сколько ждать телефона, который держит другой: столько, сколько под нагрузкой создаётся сделка с контактом.
PHONE_WAIT = timedelta(seconds=10)


class Deals:
    """Поиск, создание и обновление сделок одного филиала."""

    def __init__(self, work: Work, crm: Crm, branch_id: str, key: bytes) -> None:
        self._work, self._crm, self._branch_id, self._key = work, crm, branch_id, key
        self._ownership = DealOwnership(work, crm, branch_id)
        portal, self._rules = work.settings.portal, work.settings.rules
        self._stages, self._fields, self._category = (
            portal.stage_table,
            portal.field_table,
            portal.category_id,
        )

    def deliver(self, attempt: Attempt, uids: Sequence[str]) -> Delivered:
        """Обновляет известную сделку одним поиском; иначе ищет клиента, держа его телефон."""
        remembered = attempt.link.deal_id if attempt.link is not None else None
        if attempt.known_deal is not None:
            with reading():
                found = self._crm.find(uids, None)
                own = self._ownership.own(found, remembered)
            if own is not None and own.contact_id is not None:
                self._ownership.report(attempt.uid, found.deals, own.deal_id)
                return self._updated(attempt, own, found, attempt.permit, "")
            if own is None:
                self._warn("deal_vanished", attempt, attempt.known_deal)
        token = attempt.ready.draft.phone.token(self._key)
        with self._phone(attempt, f"phone:{token}") as permit:
            with reading():
                known = self._work.store.links.contact(token)
                found = self._crm.find(uids, attempt.ready.draft.phone, known)
                own = self._ownership.own(found, remembered)
            self._ownership.report(attempt.uid, found.deals, own.deal_id if own is not None else None)
            if own is not None:
                return self._updated(attempt, own, found, permit, token)
            return self._created(attempt, found, permit, token)

    def cancel(self, claim: Claim, deal_id: int) -> None:
        """Отменяет сделку приёма, удалённого в Ident; ручные стадии не трогаются (постановления 1 и 32)."""
        with reading():
            found = self._crm.numbered([deal_id])
        for deal in found:
            keep = self._rules.cancel_moves_manual_stage
            move = move_stage(deal.stage_id, Stage.LOSE, self._stages, keep)
            fields: dict[str, object] = {
                self._fields["cancel_reason"]: CANCEL_REASON,
                self._fields["status"]: str(ReceptionStatus.CANCELED),
            }
            if isinstance(move, SetStage):
                fields["STAGE_ID"] = move.stage_id
            self._crm.update_deal(deal_id, fields, permit=Permit(claim))

    def strayed(self, linked: Mapping[int, Link], uids: Callable[[int], Sequence[str]]) -> Mapping[int, Link]:
        """Возвращает, что помнить о записях, чьих сделок больше нет или чей ключ в сделке стёрт.

        Сделки ищутся по номерам: колонку ключа правят и люди (постановления 20 и 35).
        """
        alive = {
            deal.deal_id: deal for deal in self._crm.numbered([_number(each) for each in linked.values()])
        }
        found: dict[int, Link] = {}
        for number, link in linked.items():
            deal = alive.get(_number(link))
            if deal is None:
                found[number] = Link("", None)
            elif deal.uid.casefold() not in map(str.casefold, uids(number)):
                found[number] = Link("", deal.deal_id)
        return found

    @contextmanager
    def _phone(self, attempt: Attempt, name: str) -> Iterator[Permit]:
        """Держит телефон на время создания; неясный ответ оставляет его запертым, пока портал доделывает.

        Телефон у другого — разрешение без него: найденное доделать можно, создать контакт нельзя.
        """
        work, claim = self._work, attempt.claim
        lease, owner = work.settings.sync.lease, work.store.outbox.owner(claim)
        wait = timedelta() if claim.doubt else PHONE_WAIT
        with work.store.locks.hold(name, lease, wait, owner) as lock:
            if lock is None:
                yield attempt.permit
                return
            permit = Permit(claim, name)
            try:
                with work.keeper.keeping(permit):
                    yield permit
            except InDoubt:
                assert claim.doubt is not None
                lock.shut(claim.doubt.until - work.clock.now())
                raise
            except RetriableError as error:
                if error.unclear:
                    lock.shut(work.settings.portal.uncertainty)
                raise

    def _updated(self, attempt: Attempt, deal: Deal, found: Found, permit: Permit, token: str) -> Delivered:
        """Обновляет сделку и доделывает прерванное: контакт без привязки, лид без перевода, стёртый ключ."""
        draft = attempt.ready.draft
        lead = unfinished_lead(deal, found.leads)
        client = deal.contact_id or self._client(found, lead, draft)
        _check(attempt, permit, client, lead)
        move = move_stage(deal.stage_id, draft.target, self._stages, self._rules.cancel_moves_manual_stage)
        if isinstance(move, KeepStage) and move.manual_cancel:
            self._warn("manual_stage_kept", attempt, deal.deal_id)
        # Отпечаток стирается перед записью: прерванная, она не сойдёт за доставленное прежнее состояние.
        self._work.store.links.save(attempt.uid, Link("", deal.deal_id), self._work.clock.now())
        fields = update_fields(draft, self._fields, self._rules.immutable_fields, move)
        if key_was_cleared(deal.deal_id, {each.deal_id for each in found.deals}):
            fields[self._fields["reception_id"]] = attempt.uid
            self._warn("key_restored", attempt, deal.deal_id)
        self._crm.update_deal(deal.deal_id, fields, permit=permit)
        if deal.contact_id is None:
            contact_id = self._contact(client, token, permit)
            self._crm.bind_contact(deal.deal_id, contact_id, permit=permit)
            self._warn("contact_bound", attempt, deal.deal_id, contact=contact_id)
        return self._finished(attempt, Delivered(Outcome.UPDATED, deal.deal_id), lead, permit)

    def _created(self, attempt: Attempt, found: Found, permit: Permit, token: str) -> Delivered:
        """Создаёт сделку с контактом и переводит ждавший лид (МАП 2.3.1, постановления 7, 8)."""
        draft, lead, doubt = attempt.ready.draft, open_lead(found.leads), attempt.claim.doubt
        if doubt and doubt.what is Unclear.DEAL:
            raise InDoubt("созданной сделки ещё не видно на портале")
        client = self._client(found, lead, draft)
        _check(attempt, permit, client, lead)
        fields = creation_fields(draft, self._fields, self._stages, self._category)
        contact_id = self._contact(client, token, permit)
        with _creating(Unclear.DEAL), self._remembering(attempt):
            deal_id = self._crm.create_deal(fields, contact_id, permit=permit)
        return self._finished(attempt, Delivered(Outcome.CREATED, deal_id), lead, permit)

    @contextmanager
    def _remembering(self, attempt: Attempt) -> Iterator[None]:
        """Помнит сделку, созданную без контакта, который успели удалить: иначе она сошла бы за чужую."""
        try:
            yield
        except Vanished as error:
            if error.deal_id is not None:
                self._work.store.links.save(attempt.uid, Link("", error.deal_id), self._work.clock.now())
            raise

    def _finished(
        self, attempt: Attempt, delivered: Delivered, lead: Lead | None, permit: Permit
    ) -> Delivered:
        """Переводит лид, если он ждал, и записывает доставленное в журнал."""
        uid, deal_id, journal = attempt.uid, delivered.deal_id, self._work.journal
        assert deal_id is not None
        if lead is not None:
            self._crm.convert_lead(lead.lead_id, deal_id, permit=permit)
            self._work.store.stats.count(self._branch_id, "converted", self._work.clock.now())
            journal.info("lead_converted", reception=uid, lead=lead.lead_id, deal=deal_id)
        journal.info(f"deal_{delivered.outcome}", reception=uid, deal=deal_id)
        return delivered

    def _client(self, found: Found, lead: Lead | None, draft: DealDraft) -> int | NewContact:
        return client_for(found.contacts, lead, draft, self._rules.contact_matching)

    def _contact(self, client: int | NewContact, token: str, permit: Permit) -> int:
        """Возвращает контакт клиента; нового запоминает сразу: сделка может и не создаться."""
        if isinstance(client, int):
            return client
        with _creating(Unclear.CONTACT):
            contact_id = self._crm.create_contact(client, permit=permit)
        self._work.store.links.remember_contact(token, contact_id, CONTACT_MEMORY)
        return contact_id

    def _warn(self, event: str, attempt: Attempt, deal_id: int, **fields: object) -> None:
        self._work.journal.warning(event, reception=attempt.uid, deal=deal_id, **fields)


def _check(attempt: Attempt, permit: Permit, client: int | NewContact, lead: Lead | None) -> None:
    """Не даёт создать контакт, пока неясно, нет ли его уже, и тронуть клиента, чей телефон у другого."""
    fresh = isinstance(client, NewContact)
    if fresh and attempt.claim.doubt:
        raise InDoubt("созданного контакта ещё не видно на портале")
    if not permit.phone and (fresh or lead is not None):
        raise Busy("телефон занят другой записью")


@contextmanager
def _creating(what: Unclear) -> Iterator[None]:
    """Отмечает, что неясно именно создание: его видно поиском."""
    try:
        yield
    except RetriableError as error:
        error.creation = what if error.unclear else ""
        raise


def _number(link: Link) -> int:
    assert link.deal_id is not None
    return link.deal_id
