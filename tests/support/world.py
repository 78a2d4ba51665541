"""Маленький мир целиком: база SQLite, настоящий Redis, портал-эмулятор и собранные службы."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.loader import parse_settings
from config.models import Settings
from demo.portal.entities import Edit
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.server import PortalServer
from demo.site import STAGES, to_toml
from services.container import Services
from services.domain.errors import RetriableError
from services.feeds import BranchServices
from services.ident.sqlite import clinic_now
from services.sync.feed import Outcome
from tests.fakes_ident import SmallIdent

PHONE = "+79031112233"


class ShiftedClock:
    """Часы, которые можно перевести вперёд."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        """Возвращает время с переводом."""
        return datetime.now(UTC) + self.shift


class World:
    """Два филиала на одной базе (F1 домашний, F2) и портал; всё настоящее, кроме SQL Server и облака."""

    def __init__(self, folder: Path, redis_url: str, portal: PortalServer, /, **sections: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.portal, self.clock = portal, ShiftedClock()
        self.ident = SmallIdent(folder, clinic_now())
        self.path = folder / "settings.toml"
        raw = self._raw(folder, redis_url, portal.url, sections)
        self.path.write_text(to_toml(raw), encoding="utf-8")
        self.settings: Settings = parse_settings(raw, folder)
        self.services = Services(self.settings, self.clock, pause=lambda _: None)

    def _raw(self, folder: Path, redis_url: str, webhook: str, sections: dict[str, Any]) -> dict[str, Any]:
        stages = {str(stage): code for stage, code in STAGES.items()}
        portal = {
            "webhook": webhook,
            "stages": stages,
            "requests_per_second": 50.0,
            "burst": 20,
        }
        raw: dict[str, Any] = {
            "portal": {**portal, **sections.pop("portal", {})},
            "redis": {"url": redis_url},
            "databases": [{"id": "D1", "type": "sqlite", "path": str(self.ident.path)}],
            "branches": [
                {"number": 1, "name": "Филиал Фучика", "database": "D1", "home": True},
                {"number": 2, "name": "Филиал Амирхана", "database": "D1"},
            ],
            "node": {"state_dir": str(folder)},
            "journal": {"folder": str(folder / "logs")},
            "monitor": {"port": 0},
        }
        return {**raw, **sections}

    def close(self) -> None:
        """Закрывает соединения."""
        self.services.close()
        self.ident.source.close()

    # --- клиника ---

    def patient(self, surname: str = "Лунёва", name: str = "Алсу", phone: str = PHONE) -> int:
        """Заводит пациента."""
        patient_id = self.ident.insert("Persons", Surname=surname, Name=name, MobilePhone=phone)
        self.ident.insert("Patients", ID_Persons=patient_id, CardNumber=f"К-{patient_id}")
        return patient_id

    def book(self, patient_id: int | None = None, **values: object) -> int:
        """Записывает на приём; отметки времени — настоящие."""
        self.ident.clock = clinic_now()
        stamps = {"DateTimeAdded": self.ident.clock, "DateTimeChanged": self.ident.clock}
        owner = self.patient() if patient_id is None else patient_id
        return self.ident.reception(**{"ID_Patients": owner, **stamps, **values})

    def mark(self, reception_id: int, **values: object) -> None:
        """Правит приём и двигает отметку изменения."""
        self.ident.clock = clinic_now()
        self.ident.change("Receptions", reception_id, DateTimeChanged=self.ident.clock, **values)

    def order(self, reception_id: int, *prices: int, company_id: int = 1) -> int:
        """Открывает заказ с услугами по номерам цен."""
        stamp = clinic_now()
        order_id = self.ident.order(reception_id, company_id, DateTimeAdded=stamp)
        for price in prices:
            self.ident.line(order_id, price, DateTimeAdded=stamp)
        return order_id

    # --- интеграция ---

    def branch(self, branch_id: str = "F1") -> BranchServices:
        """Возвращает сценарии филиала."""
        return self.services.branch(branch_id)

    def extract(self, branch_id: str = "F1") -> list[str]:
        """Делает выборку и возвращает ключи для отправки."""
        return self.take("receptions", branch_id)

    def take(self, feed: str, branch_id: str = "F1") -> list[str]:
        """Делает выборку ленты и возвращает ключи для отправки."""
        line = self.branch(branch_id).feeds[feed]
        return [uid for packet in line.extract.packets() for uid in packet]

    def reconcile(self, feed: str = "receptions", branch_id: str = "F1") -> list[str]:
        """Сверяет ленту и возвращает ключи для отправки."""
        line = self.branch(branch_id).feeds[feed]
        return [uid for packet in line.reconcile.packets() for uid in packet]

    def send(self, uid: str) -> Outcome | RetriableError:
        """Отправляет запись; отложенную возвращает ошибкой."""
        try:
            return self.services.send(uid)
        except RetriableError as error:
            return error

    def sync(self, branch_id: str = "F1", threads: int = 8) -> list[Outcome | RetriableError]:
        """Выбирает изменения и отправляет их, сколько есть, одновременно."""
        uids = self.extract(branch_id)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.send, uids))

    # --- портал ---

    def deals(self, uid: str | None = None) -> list[dict[str, Any]]:
        """Возвращает сделки портала (с ключом)."""
        rows = list(self.portal.state.entities[DEAL].values())
        return [row for row in rows if uid is None or row.get("UF_CRM_RECEPTION_ID") == uid]

    def deal(self, uid: str) -> dict[str, Any]:
        """Возвращает единственную сделку записи."""
        (deal,) = self.deals(uid)
        return deal

    def contacts(self) -> list[dict[str, Any]]:
        """Возвращает контакты портала."""
        return list(self.portal.state.entities[CONTACT].values())

    def lead(self, lead_id: int) -> dict[str, Any]:
        """Возвращает лид."""
        return self.portal.state.entities[LEAD][lead_id]

    def add_lead(self, phone: str = PHONE, **fields: object) -> int:
        """Кладёт лид."""
        return self._add(LEAD, {"TITLE": "Заявка", "NAME": "Алсу", "PHONE": _phones(phone), **fields})

    def add_contact(self, surname: str, name: str, phone: str = PHONE) -> int:
        """Кладёт контакт."""
        return self._add(CONTACT, {"LAST_NAME": surname, "NAME": name, "PHONE": _phones(phone)})

    def move(self, uid: str, stage_id: str) -> None:
        """Двигает сделку рукой куратора."""
        with self.portal.state.changing():
            self.portal.portal.crm.update(DEAL, self.deal(uid), Edit({"STAGE_ID": stage_id}, 5))

    def _add(self, kind: int, fields: Mapping[str, object], author: int = 5) -> int:
        with self.portal.state.changing():
            return int(self.portal.portal.crm.add(kind, Edit(dict(fields), author))["ID"])


def _phones(phone: str) -> list[dict[str, str]]:
    return [{"VALUE": phone, "VALUE_TYPE": "MOBILE"}]
