"""Портал глазами правил и сценариев: сделка, контакт, лид; людей при печати не видно."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.names import PersonName
from services.domain.phones import Phone


@dataclass(frozen=True, slots=True)
class Deal:
    """Сделка портала, найденная по ключу записи; ключ в ней проверен."""

    deal_id: int
    uid: str
    stage_id: str
    category_id: int
    contact_id: int | None
    lead_id: int | None
    created_at: datetime | None
    created_by: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Контакт с проверенным телефоном."""

    contact_id: int
    name: PersonName = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lead:
    """Лид с проверенным телефоном; ``inherited`` — поля, которые контакт обязан сохранить (МАП 2.3.1 Б)."""

    lead_id: int
    is_open: bool
    contact_id: int | None
    created_at: datetime | None
    inherited: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """Ответ на поиск: сделки по ключам; контакты и лиды по телефону (пусто, если его не спрашивали)."""

    deals: Sequence[Deal]
    contacts: Sequence[Contact] = ()
    leads: Sequence[Lead] = ()


@dataclass(frozen=True, slots=True)
class NewContact:
    """Контакт, которого ещё нет на портале."""

    name: PersonName = field(repr=False)
    phone: Phone
    inherited: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PlanDeal:
    """Открытая сделка пациента и снимок планов, который в ней стоит; ``sealed`` — печать на нём наша."""

    deal_id: int
    snapshot: str = field(repr=False)
    sealed: bool
    uid: str = ""
    created_by: int | None = None
