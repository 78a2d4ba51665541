"""Чья сделка глазами узла: память, портал и тревога о чужой; само правило — services/domain/ownership.py."""

from collections.abc import Sequence

from services.domain.crm import Deal, Found
from services.domain.ownership import Evidence, ownership
from services.domain.phones import Phone
from services.ports import Crm
from services.sync.feed import Work, reading


class DealOwnership:
    """Принадлежность сделок записям одного филиала: спрашивают доставка, снимки планов и вкладка."""

    def __init__(self, work: Work, crm: Crm, branch_id: str) -> None:
        self._work, self._crm, self._branch_id = work, crm, branch_id

    def own(self, found: Found, remembered: int | None) -> Deal | None:
        """Возвращает сделку записи из найденных под её ключом.

        Памятную сделку, которой под ключом нет, ищет по номеру: ключ в ней могли стереть (постановление 35).
        """
        deals = list(found.deals)
        if remembered is not None and all(deal.deal_id != remembered for deal in deals):
            with reading():
                deals += self._crm.numbered([remembered])
        number = ownership(evidence(deals, found), remembered, self._work.settings.portal.webhook_users).own
        return next((deal for deal in deals if deal.deal_id == number), None)

    def belongs(self, deal_id: int, created_by: int | None, uids: Sequence[str], phone: Phone | None) -> bool:
        """Отвечает, принадлежит ли сделка записи; ``uids`` — её ключи, первый — свой.

        Память молчит — портал спрашивают, если сделку не создал заведомо чужой; доказанное помнится.
        """
        links = self._work.store.links
        link = links.get([uids[0]]).get(uids[0])
        if link is not None and link.deal_id is not None:
            return link.deal_id == deal_id
        stranger = created_by is not None and created_by not in self._work.settings.portal.webhook_users
        if phone is None or stranger:
            return False
        with reading():
            found = self._crm.find(uids, phone)
        own = self.own(found, None)
        if own is None or own.deal_id != deal_id:
            return False
        links.learn(uids[0], deal_id, self._work.clock.now())
        return True

    def report(self, uid: str, deals: Sequence[Deal], own: int | None) -> None:
        """Поднимает тревогу о чужих сделках под ключом записи (постановление 36)."""
        for deal in deals:
            if deal.deal_id != own:
                self.alarm(uid, deal.deal_id, deal.created_by)

    def alarm(self, uid: str, deal_id: int, created_by: int | None) -> None:
        store, now = self._work.store, self._work.clock.now()
        self._work.journal.warning("foreign_key", reception=uid, deal=deal_id, creator=created_by)
        told = f"сделка {deal_id}, ключ {uid}, создал сотрудник {created_by or 'неизвестный'}"
        store.stats.count(self._branch_id, "foreign_key", now)
        store.stats.note(self._branch_id, "foreign_key", told)


def evidence(deals: Sequence[Deal], found: Found) -> list[Evidence]:
    """Собирает доказательства: контакт несёт телефон записи, если его нашёл поиск по телефону."""
    carrying = {contact.contact_id for contact in found.contacts}
    return [Evidence(deal.deal_id, deal.created_by, deal.contact_id in carrying) for deal in deals]
