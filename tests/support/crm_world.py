"""Портал глазами договора Crm: подделка и эмулятор с одними и теми же руками."""

from typing import Any

from config.models import PortalSettings
from demo.portal.entities import Edit
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.server import PortalServer
from services.bitrix.client import BitrixClient, Timing
from services.bitrix.crm import BitrixCrm
from services.bitrix.exchange import Endpoint
from services.bitrix.operating import OperatingGate
from services.bitrix.transport import HttpTransport
from tests.fakes import KEY, FakeCrm
from tests.fakes_bitrix import FakeLimiter, FakePermits

Row = dict[str, Any]


class FakePortal:
    """Мир договора вокруг FakeCrm."""

    def __init__(self) -> None:
        self.permits = FakePermits()
        self.crm = FakeCrm(permits=self.permits)

    def close(self) -> None:
        """Закрывает соединения: закрывать нечего."""

    def add_contact(self, surname: str, name: str, *phones: str) -> int:
        """Кладёт контакт."""
        return self.crm.add_contact(surname, name, *phones)

    def add_lead(
        self, *phones: str, status: str = "NEW", contact_id: int | None = None, **fields: object
    ) -> int:
        """Кладёт лид."""
        return self.crm.add_lead(*phones, status=status, contact_id=contact_id, **fields)

    def add_deal(self, uid: str, contact_id: int | None = None, created_by: int = 5, **fields: object) -> int:
        """Кладёт сделку."""
        return self.crm.add_deal(uid, contact_id, created_by, **fields)

    def hide_contact(self, contact_id: int) -> None:
        """Закрывает контакт для владельца вебхука."""
        self.crm.contacts[contact_id].readable = False

    def remove_contact(self, contact_id: int) -> None:
        """Удаляет контакт рукой человека."""
        del self.crm.contacts[contact_id]

    def deal(self, deal_id: int) -> Row:
        """Возвращает поля сделки."""
        deal = self.crm.deals[deal_id]
        return {**deal.fields, "CONTACT_ID": deal.contact_id, "LEAD_ID": deal.lead_id}

    def contact(self, contact_id: int) -> Row:
        """Возвращает поля контакта; телефоны и почта — значениями."""
        person = self.crm.contacts[contact_id]
        emails = [item["VALUE"] for item in person.fields.get("EMAIL", [])]  # type: ignore[attr-defined]
        names = {
            "LAST_NAME": person.name.surname,
            "NAME": person.name.name,
            "SECOND_NAME": person.name.patronymic,
        }
        return {**person.fields, **names, "PHONE": person.phones, "EMAIL": emails}


class EmulatedPortal:
    """Мир договора вокруг BitrixCrm и эмулятора."""

    def __init__(self, portal: PortalServer, **settings: Any) -> None:
        self.portal = portal
        self.limiter, self.permits = FakeLimiter(), FakePermits()
        endpoint = Endpoint(HttpTransport(portal.url, 5.0, 30.0), self.limiter, OperatingGate(480.0))
        self.client = BitrixClient(endpoint, self.permits, timing=Timing(linger=0.0))
        self.crm = BitrixCrm(self.client, PortalSettings(webhook=portal.url, **settings))

    def close(self) -> None:
        """Закрывает соединения."""
        self.client.close()

    def add_contact(self, surname: str, name: str, *phones: str) -> int:
        """Кладёт контакт."""
        return self._add(CONTACT, {"LAST_NAME": surname, "NAME": name, "PHONE": _multi(phones)})

    def add_lead(
        self, *phones: str, status: str = "NEW", contact_id: int | None = None, **fields: object
    ) -> int:
        """Кладёт лид."""
        given = {"TITLE": "Заявка", "STATUS_ID": status, "PHONE": _multi(phones), **fields}
        return self._add(LEAD, {**given, **({"CONTACT_ID": contact_id} if contact_id else {})})

    def add_deal(self, uid: str, contact_id: int | None = None, created_by: int = 5, **fields: object) -> int:
        """Кладёт сделку."""
        owner = {"CONTACT_IDS": [contact_id]} if contact_id else {}
        return self._add(DEAL, {"TITLE": "Приём", "CATEGORY_ID": 1, KEY: uid, **owner, **fields}, created_by)

    def hide_contact(self, contact_id: int) -> None:
        """Закрывает контакт для владельца вебхука."""
        self.portal.state.denied.append([1, CONTACT, contact_id])

    def remove_contact(self, contact_id: int) -> None:
        """Удаляет контакт рукой человека."""
        with self.portal.state.changing():
            self.portal.state.remove(CONTACT, contact_id)

    def deal(self, deal_id: int) -> Row:
        """Возвращает поля сделки."""
        return self.portal.state.entities[DEAL][deal_id]

    def contact(self, contact_id: int) -> Row:
        """Возвращает поля контакта; телефоны и почта — значениями."""
        row = self.portal.state.entities[CONTACT][contact_id]
        values = {
            kind: [item["VALUE"] for item in row["FM"] if item["TYPE_ID"] == kind]
            for kind in ("PHONE", "EMAIL")
        }
        return {**row, **values}

    def _add(self, kind: int, fields: Row, author: int = 5) -> int:
        with self.portal.state.changing():
            return int(self.portal.portal.crm.add(kind, Edit(fields, author))["ID"])


def _multi(phones: tuple[str, ...]) -> list[Row]:
    return [{"VALUE": phone, "VALUE_TYPE": "MOBILE"} for phone in phones]
