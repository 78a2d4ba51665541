"""Методы crm.deal.contact.*: связи сделки с контактами."""

from __future__ import annotations

from demo.portal import bindings
from demo.portal.call import Call, Handler
from demo.portal.errors import legacy
from demo.portal.php import php_int
from demo.portal.schema import CONTACT, DEAL
from demo.portal.state import Row


def add(call: Call) -> bool:
    """Добавляет связь, не трогая остальных; False — контакт уже связан."""
    deal = _deal(call)
    fields = call.fields()
    if fields is None:
        raise legacy("The parameter 'fields' must be array.")
    contact_id = php_int(fields.get("CONTACT_ID"))
    if contact_id <= 0 or call.state.find(CONTACT, contact_id) is None:
        raise legacy("The parameter 'fields' is not valid.")
    if any(row["CONTACT_ID"] == contact_id for row in deal["CONTACTS"]):
        return False
    call.crm.set_contacts(deal, bindings.with_added(deal["CONTACTS"], fields), call.identity.user_id)
    return True


def items_get(call: Call) -> list[Row]:
    """Возвращает связи; здесь номера — числа."""
    return list(_deal(call)["CONTACTS"])


def items_set(call: Call) -> bool:
    """Заменяет связи; не названные отвязываются."""
    deal = _deal(call)
    call.crm.set_contacts(deal, bindings.from_items(call.state, call.param("items")), call.identity.user_id)
    return True


def delete(call: Call) -> bool:
    """Убирает одну связь."""
    deal = _deal(call)
    contact_id = php_int((call.fields() or {}).get("CONTACT_ID"))
    kept = [row for row in deal["CONTACTS"] if row["CONTACT_ID"] != contact_id]
    call.crm.set_contacts(deal, bindings.renumbered(kept), call.identity.user_id)
    return len(kept) < len(deal["CONTACTS"])


def _deal(call: Call) -> Row:
    if call.number() <= 0:
        raise legacy("The parameter 'ownerEntityID' is invalid or not defined.")
    deal = call.state.find(DEAL, call.number())
    if deal is None:
        raise legacy("Not found.")
    return deal


METHODS: dict[str, Handler] = {
    "crm.deal.contact.add": add,
    "crm.deal.contact.delete": delete,
    "crm.deal.contact.items.get": items_get,
    "crm.deal.contact.items.set": items_set,
}
