"""Решения о клиенте: какой контакт берёт сделку и какой лид переводится (МАП 2.3, постановления 6–8)."""

from collections.abc import Sequence

from services.domain.crm import Contact, Deal, Lead, NewContact
from services.domain.mapping import DealDraft
from services.domain.names import same_person


def choose_contact(contacts: Sequence[Contact], draft: DealDraft, matching: str) -> int | None:
    """Возвращает контакт с тем же ФИО, иначе с меньшим номером; ``phone_and_name`` — только с тем же."""
    ordered = sorted(contacts, key=lambda contact: contact.contact_id)
    namesakes = [contact for contact in ordered if same_person(contact.name, draft.patient)]
    candidates = namesakes if matching == "phone_and_name" else namesakes or ordered
    return candidates[0].contact_id if candidates else None


def open_lead(leads: Sequence[Lead]) -> Lead | None:
    """Возвращает открытый лид с меньшим номером (постановление 8)."""
    return min((lead for lead in leads if lead.is_open), key=lambda lead: lead.lead_id, default=None)


def client_for(
    contacts: Sequence[Contact], lead: Lead | None, draft: DealDraft, matching: str
) -> int | NewContact:
    """Решает, чей будет контакт сделки: найденный, контакт лида или новый с данными лида (МАП 2.3.1)."""
    found = choose_contact(contacts, draft, matching)
    if found is not None:
        return found
    if lead is not None and lead.contact_id is not None and matching == "phone":
        return lead.contact_id
    return NewContact(draft.patient, draft.phone, dict(lead.inherited) if lead else {})


def unfinished_lead(deal: Deal, leads: Sequence[Lead]) -> Lead | None:
    """Возвращает лид, чей перевод прервался: он ждал ещё до сделки и не занят другим.

    Лид, пришедший после сделки, — новая заявка того же человека: старая сделка её не забирает.
    """
    return open_lead([lead for lead in leads if deal.lead_id in (None, lead.lead_id) and _waited(lead, deal)])


def _waited(lead: Lead, deal: Deal) -> bool:
    if deal.lead_id == lead.lead_id:
        return True
    return None not in (lead.created_at, deal.created_at) and lead.created_at <= deal.created_at  # type: ignore[operator]
