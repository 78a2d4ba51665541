"""Работа для замера скорости: приёмы, которые надо перенести, и проверка, что перенесено верно."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.clinic.desk import at_desk
from demo.portal.schema import CONTACT, DEAL
from demo.portal.state import PortalState
from services.ident.sqlite import clinic_now
from tests.fakes_ident import SmallIdent

KEY = "UF_CRM_RECEPTION_ID"
FIRST_START = datetime(2026, 12, 1, 9, 0)


@dataclass(frozen=True, slots=True)
class Visit:
    """Приём нового пациента; люди и телефоны выдуманы."""

    number: int
    branch: int = 1

    @property
    def uid(self) -> str:
        """Возвращает ключ записи."""
        return f"F{self.branch}_{self.number}"

    @property
    def phone(self) -> str:
        """Возвращает телефон, которого нет больше ни у кого."""
        return f"+79{self.branch:02d}{self.number:07d}"

    @property
    def surname(self) -> str:
        """Возвращает фамилию."""
        return f"Пациентов{'а' if self.number % 2 else ''}"

    @property
    def start(self) -> datetime:
        """Возвращает начало приёма."""
        return FIRST_START + timedelta(minutes=15 * (self.number % 2000))

    @property
    def end(self) -> datetime:
        """Возвращает конец приёма."""
        return self.start + timedelta(minutes=15)


def register(ident: SmallIdent, visits: Sequence[Visit]) -> None:
    """Записывает новых пациентов в базу Ident одной транзакцией."""
    now = clinic_now()
    with at_desk(ident.path, now) as desk:
        for visit in visits:
            person = desk.insert("Persons", Surname=visit.surname, Name="Имя", MobilePhone=visit.phone)
            desk.insert("Patients", ID_Persons=person, CardNumber=f"К-{person}")
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
    """Что на портале не так: потеряно, удвоено, привязано к чужому."""

    lost: int
    doubled_deals: int
    doubled_contacts: int
    wrong_links: int

    @property
    def none(self) -> bool:
        """Отвечает, что всё верно."""
        return not (self.lost or self.doubled_deals or self.doubled_contacts or self.wrong_links)


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
    )


def _phone(contact: object) -> str:
    values = contact.get("FM", ()) if isinstance(contact, dict) else ()
    return next((str(item["VALUE"]) for item in values if item["TYPE_ID"] == "PHONE"), "")
