"""Подделки портов в памяти: держат тот же договор, что настоящие (tests/contract), и нужны сценариям."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.domain.crm import Contact, Deal, Found, Lead, NewContact
from services.domain.errors import GripLost, SkippableError, Vanished
from services.domain.names import PersonName
from services.domain.outbox import Permit, Permits, allow_all
from services.domain.phones import Phone, same_phone

KEY = "UF_CRM_RECEPTION_ID"
READS = frozenset({"find", "read_deals", "numbered"})
#: Чьим вебхуком работает узел и кто ещё правит сделки.
WEBHOOK_USER, COLLEAGUE = 1, 77


class FakeClock:
    """Часы, которые переводит проверка."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        """Возвращает время."""
        return self.moment

    def advance(self, **passed: float) -> None:
        """Переводит часы вперёд."""
        self.moment += timedelta(**passed)


class FakeJournal:
    """Журнал в памяти: события с полями."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []

    @property
    def names(self) -> list[str]:
        """Возвращает имена событий по порядку."""
        return [event for _, event, _ in self.events]

    def fields(self, event: str) -> dict[str, object]:
        """Возвращает поля единственного события с таким именем."""
        (found,) = [fields for _, name, fields in self.events if name == event]
        return found

    def info(self, event: str, **fields: object) -> None:
        """Записывает обычное событие."""
        self.events.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        """Записывает предупреждение."""
        self.events.append(("warning", event, fields))

    def error(self, event: str, **fields: object) -> None:
        """Записывает сбой."""
        self.events.append(("error", event, fields))


# --- Портал --------------------------------------------------------------------------------------


@dataclass
class FakePerson:
    """Контакт или лид портала."""

    person_id: int
    name: PersonName
    phones: list[str]
    fields: dict[str, object] = field(default_factory=dict)
    status: str = "NEW"
    contact_id: int | None = None
    created_at: datetime | None = None
    readable: bool = True


@dataclass
class FakeDeal:
    """Сделка портала."""

    deal_id: int
    fields: dict[str, object]
    contact_id: int | None
    lead_id: int | None = None
    created_at: datetime | None = None
    created_by: int = WEBHOOK_USER


class FakeCrm:
    """CRM в памяти.

    ``meanwhile`` — что случается в мире, пока портал отвечает на метод; ``waiting`` — пока запись ждёт
    отправки: перед самой отправкой о её праве спрашивают ``permits``.
    """

    def __init__(
        self, now: datetime = datetime(2024, 12, 29, 9, 0, tzinfo=UTC), permits: Permits = allow_all
    ) -> None:
        self.now, self._permits = now, permits
        self.deals: dict[int, FakeDeal] = {}
        self.contacts: dict[int, FakePerson] = {}
        self.leads: dict[int, FakePerson] = {}
        self.calls: list[str] = []
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.waiting: Callable[[], object] = lambda: None
        self._troubles: dict[str, list[tuple[BaseException, bool]]] = defaultdict(list)
        self._numbers = {kind: count(1) for kind in ("deal", "contact", "lead")}

    # --- подготовка ---

    def trouble(self, method: str, error: BaseException, after: bool = False) -> None:
        """Заказывает одну ошибку метода; ``after`` — вызов выполнится, но ответ потеряется."""
        self._troubles[method].append((error, after))

    def heal(self) -> None:
        """Отменяет заказанные ошибки."""
        self._troubles.clear()

    def add_contact(self, surname: str, name: str, *phones: str, **fields: object) -> int:
        """Кладёт контакт."""
        number = next(self._numbers["contact"])
        person = PersonName.of(surname, name, "")
        self.contacts[number] = FakePerson(number, person, list(phones), dict(fields))
        return number

    def add_lead(
        self, *phones: str, status: str = "NEW", contact_id: int | None = None, **fields: object
    ) -> int:
        """Кладёт лид."""
        number = next(self._numbers["lead"])
        person = PersonName.of("", "Заявка", "")
        self.leads[number] = FakePerson(
            number, person, list(phones), dict(fields), status, contact_id, self.now
        )
        return number

    def add_deal(
        self, uid: str, contact_id: int | None = None, created_by: int = WEBHOOK_USER, **fields: object
    ) -> int:
        """Кладёт сделку."""
        number = next(self._numbers["deal"])
        self.deals[number] = FakeDeal(number, {KEY: uid, **fields}, contact_id, None, self.now, created_by)
        return number

    # --- договор ---

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки по ключам и клиента по телефону."""
        with self._called("find"):
            deals = [
                self._deal(deal)
                for deal in self.deals.values()
                if str(deal.fields.get(KEY)).casefold() in map(str.casefold, uids)
            ]
            if phone is None:
                return Found(deals)
            return Found(deals, self._contacts(phone), self._leads(phone))

    def read_deals(self, deal_ids: Sequence[int], names: Sequence[str]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает названные поля сделок."""
        with self._called("read_deals"):
            found = [self.deals[number] for number in deal_ids if number in self.deals]
            return {deal.deal_id: {name: deal.fields.get(name) for name in names} for deal in found}

    def numbered(self, deal_ids: Sequence[int]) -> Sequence[Deal]:
        """Возвращает сделки по номерам."""
        with self._called("numbered"):
            return [self._deal(self.deals[number]) for number in deal_ids if number in self.deals]

    def create_contact(self, contact: NewContact, *, permit: Permit | None = None) -> int:
        """Создаёт контакт."""
        with self._called("create_contact", permit):
            inherited = dict(contact.inherited)
            extra = [str(item["VALUE"]) for item in inherited.pop("PHONE", [])]  # type: ignore[attr-defined]
            number = next(self._numbers["contact"])
            phones = [contact.phone.value, *extra]
            self.contacts[number] = FakePerson(number, contact.name, phones, inherited)
            return number

    def create_deal(
        self, fields: Mapping[str, object], contact_id: int, *, permit: Permit | None = None
    ) -> int:
        """Создаёт сделку."""
        with self._called("create_deal", permit):
            number = next(self._numbers["deal"])
            owner = contact_id if contact_id in self.contacts else None
            self.deals[number] = FakeDeal(number, dict(fields), owner, None, self.now)
            if owner is None and fields.get(KEY):
                raise Vanished("контакт удалён, пока создавалась сделка", number)
            return number

    def update_deal(
        self, deal_id: int, fields: Mapping[str, object], *, permit: Permit | None = None
    ) -> None:
        """Записывает поля сделки."""
        if fields:
            with self._called("update_deal", permit):
                self._existing(self.deals, deal_id).fields.update(fields)

    def bind_contact(self, deal_id: int, contact_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает контакт."""
        with self._called("bind_contact", permit):
            self._existing(self.contacts, contact_id)
            self._existing(self.deals, deal_id).contact_id = contact_id

    def convert_lead(self, lead_id: int, deal_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает лид к сделке и переводит его."""
        with self._called("convert_lead", permit):
            self._existing(self.deals, deal_id).lead_id = lead_id
            self._existing(self.leads, lead_id).status = "CONVERTED"

    # --- устройство ---

    @contextmanager
    def _called(self, method: str, permit: Permit | None = None) -> Iterator[None]:
        if method not in READS:
            self._ask(permit)
        self.calls.append(method)
        self.meanwhile.pop(method, lambda: None)()
        error, after = self._troubles[method].pop(0) if self._troubles[method] else (None, False)
        if error is not None and not after:
            raise error
        yield
        if error is not None:
            raise error

    def _ask(self, permit: Permit | None) -> None:
        self.waiting()
        if permit is not None and not all(self._permits([permit])):
            raise GripLost("запись уже чужая")

    def _contacts(self, phone: Phone) -> list[Contact]:
        found = [person for person in self.contacts.values() if _has(person, phone)]
        readable = [person for person in found if person.readable]
        if found and not readable:
            raise SkippableError("контакт закрыт для владельца вебхука", "contact_unreadable")
        return [Contact(person.person_id, person.name) for person in readable]

    def _leads(self, phone: Phone) -> list[Lead]:
        found = [person for person in self.leads.values() if _has(person, phone)]
        return [
            Lead(
                lead.person_id,
                lead.status not in ("CONVERTED", "JUNK"),
                lead.contact_id,
                lead.created_at,
                _inherited(lead, phone),
            )
            for lead in found
        ]

    def _deal(self, deal: FakeDeal) -> Deal:
        stage, category = str(deal.fields.get("STAGE_ID", "")), int(str(deal.fields.get("CATEGORY_ID", 0)))
        uid, known = str(deal.fields.get(KEY) or ""), (deal.contact_id, deal.lead_id, deal.created_at)
        return Deal(deal.deal_id, uid, stage, category, *known, deal.created_by)

    @staticmethod
    def _existing(rows: dict[int, Any], number: int) -> Any:
        if number not in rows:
            raise Vanished("элемента на портале нет")
        return rows[number]


def _has(person: FakePerson, phone: Phone) -> bool:
    return any(same_phone(value, phone) for value in person.phones)


def _inherited(lead: FakePerson, phone: Phone) -> dict[str, object]:
    """Возвращает данные лида для контакта: прочие телефоны едут вместе с ними."""
    others = [value for value in lead.phones if not same_phone(value, phone)]
    phones = [{"VALUE": value, "VALUE_TYPE": "MOBILE"} for value in others]
    return {**lead.fields, **({"PHONE": phones} if phones else {})}
