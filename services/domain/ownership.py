"""Чья это сделка: одно правило для доставки, снимков планов и вкладки (постановления 35 и 36).

Поля сделки правит любой сотрудник портала, поэтому ни ключ записи, ни пациент в поле не доказательство.
Доказательство — память узла; где она молчит (Redis потерян) — создатель сделки и телефон её контакта.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """Что известно о найденной сделке помимо её полей; ``has_phone`` — у её контакта телефон этого приёма."""

    deal_id: int
    created_by: int | None
    has_phone: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Сделка записи и чужие сделки под её ключом: их не берут, в них не пишут, планов в них не показывают."""

    own: int | None
    foreign: tuple[Evidence, ...] = ()


def ownership(found: Sequence[Evidence], remembered: int | None, webhook_users: Collection[int]) -> Ownership:
    """Отбирает сделку записи из найденных под её ключом (и названной памятью, если она ещё есть).

    Память связывает запись и сделку — этого довольно. Память молчит — своя та, что создана нашим вебхуком,
    чей контакт несёт телефон приёма; таких несколько — старшая.
    """
    if any(deal.deal_id == remembered for deal in found):
        own = remembered
    else:
        ours = (deal.deal_id for deal in found if deal.created_by in webhook_users and deal.has_phone)
        own = min(ours, default=None)
    return Ownership(own, tuple(deal for deal in found if deal.deal_id != own))


def key_was_cleared(own: int | None, keyed: Collection[int]) -> bool:
    """Отвечает, стёрт ли у своей сделки ключ: её помнит узел, а под ключом её нет (постановление 35)."""
    return own is not None and own not in keyed
