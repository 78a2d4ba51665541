"""Работа для замера скорости: приёмы, которые надо перенести, и проверка, что перенесено верно."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.clinic.desk import at_desk
from demo.portal.entities import Edit
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.server import PortalServer
from demo.portal.state import PortalState
from services.ident.sqlite import clinic_now
from tests.fakes_ident import SmallIdent

KEY = "UF_CRM_RECEPTION_ID"
FIRST_START = datetime(2026, 12, 1, 9, 0)


@dataclass(frozen=True, slots=True)
class Visit:
    """Приём нового пациента; люди и телефоны выдуманы. ``person`` — чей, если не самого номера приёма."""

    number: int
    branch: int = 1
    person: int = 0

    @property
    def uid(self) -> str:
        """Возвращает ключ записи."""
        return f"F{self.branch}_{self.number}"

    @property
    def phone(self) -> str:
        """Возвращает телефон, которого нет больше ни у кого."""
        return f"+79{self.branch:02d}{self.person or self.number:07d}"

    @property
    def surname(self) -> str:
        """Возвращает фамилию."""
        return f"Пациентов{'а' if (self.person or self.number) % 2 else ''}"

    @property
    def start(self) -> datetime:
        """Возвращает начало приёма."""
        return FIRST_START + timedelta(minutes=15 * (self.number % 2000))

    @property
    def end(self) -> datetime:
        """Возвращает конец приёма."""
        return self.start + timedelta(minutes=15)


#: Вид клиники: пять филиалов, 13 приёмов на 10 телефонов, каждого десятого ждёт лид.
BRANCHES, VISITS_PER_TEN, LEAD_EVERY = 5, 13, 10


def clinic_visits(size: int) -> list[Visit]:
    """Возвращает столько приёмов клиники; человек ходит в один филиал."""
    people = [number * 10 // VISITS_PER_TEN + 1 for number in range(size)]
    return [Visit(number, person % BRANCHES + 1, person) for number, person in enumerate(people, 1)]


def phones_of(visits: Sequence[Visit]) -> list[str]:
    """Возвращает телефоны приёмов, каждый один раз."""
    return list(dict.fromkeys(visit.phone for visit in visits))


def put_leads(portal: PortalServer, visits: Sequence[Visit]) -> int:
    """Кладёт на портал ждущие лиды каждого десятого телефона; возвращает, сколько."""
    phones = phones_of(visits)[::LEAD_EVERY]
    with portal.state.changing():
        for phone in phones:
            fields = {"TITLE": "Заявка с сайта", "STATUS_ID": "NEW", "PHONE": [{"VALUE": phone}]}
            portal.portal.crm.add(LEAD, Edit(fields, 1))
    return len(phones)


def register(ident: SmallIdent, visits: Sequence[Visit]) -> None:
    """Записывает новых пациентов в базу Ident одной транзакцией."""
    now, people = clinic_now(), dict[str, int]()
    with at_desk(ident.path, now) as desk:
        for visit in visits:
            if visit.phone not in people:
                person = desk.insert("Persons", Surname=visit.surname, Name="Имя", MobilePhone=visit.phone)
                desk.insert("Patients", ID_Persons=person, CardNumber=f"К-{person}")
                people[visit.phone] = person
            person = people[visit.phone]
            desk.insert(
                "Receptions",
                ID=visit.number,
                ID_Patients=person,
                ID_Staffs=ident.DOCTOR,
                ID_Armchairs=1,
                PlanStart=visit.start,
                PlanEnd=visit.end,
                DateTimeAdded=now,
                DateTimeChanged=now,
            )


def appear(ident: SmallIdent, visits: Sequence[Visit]) -> None:
    """Отмечает приход пациентов."""
    now = clinic_now()
    with at_desk(ident.path, now) as desk:
        for visit in visits:
            desk.change("Receptions", visit.number, PatientAppeared=now, DateTimeChanged=now)


@dataclass(frozen=True, slots=True)
class Damage:
    """Что на портале не так: потеряно, удвоено, привязано к чужому; ``leads`` — лиды, что так и ждут."""

    lost: int
    doubled_deals: int
    doubled_contacts: int
    wrong_links: int
    leads: int = 0

    @property
    def none(self) -> bool:
        """Отвечает, что всё верно."""
        return not any((self.lost, self.doubled_deals, self.doubled_contacts, self.wrong_links, self.leads))


def damage(state: PortalState, visits: Sequence[Visit]) -> Damage:
    """Сверяет портал с работой: по сделке на приём, по контакту на телефон, каждая сделка — у своего."""
    deals = list(state.entities[DEAL].values())
    contacts = state.entities[CONTACT]
    by_uid = Counter(str(deal.get(KEY)) for deal in deals)
    phones = Counter(_phone(contact) for contact in contacts.values())
    owners = {visit.uid: visit.phone for visit in visits}
    wrong = sum(
        1
        for deal in deals
        if _phone(contacts.get(deal.get("CONTACT_ID") or 0)) != owners.get(str(deal.get(KEY)))
    )
    return Damage(
        lost=sum(1 for visit in visits if not by_uid[visit.uid]),
        doubled_deals=sum(count - 1 for count in by_uid.values()),
        doubled_contacts=sum(count - 1 for count in phones.values()),
        wrong_links=wrong,
        leads=sum(row["STATUS_SEMANTIC_ID"] == "P" for row in state.entities[LEAD].values()),
    )


def _phone(contact: object) -> str:
    values = contact.get("FM", ()) if isinstance(contact, dict) else ()
    return next((str(item["VALUE"]) for item in values if item["TYPE_ID"] == "PHONE"), "")
