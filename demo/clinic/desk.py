"""Регистратура: всё, что персонал записывает в базу Ident, с настоящими отметками времени."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from demo.clinic.people import Human

SCHEMA = Path(__file__).with_name("schema.sql")
STAMP = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Visit:
    """Назначенный приём: кто, к кому, в каком кресле и когда."""

    patient_id: int
    staff_id: int | None
    armchair_id: int | None
    start: datetime
    minutes: int = 30


@dataclass(frozen=True, slots=True)
class Item:
    """Строка заказа или плана: цена прейскуранта, количество, скидка и строка плана, если она есть."""

    price_id: int | None
    count: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    plan_id: int | None = None
    plan_line_id: int | None = None


class Desk:
    """Стойка регистратуры одной базы; ``now`` — время клиники, которым помечается всякая запись."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._connection, self.now = connection, now

    # --- общее ---

    def insert(self, table: str, **values: object) -> int:
        """Добавляет строку и возвращает её номер."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        cursor = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", [_plain(value) for value in values.values()]
        )
        return int(cursor.lastrowid or 0)

    def change(self, table: str, row_id: int, /, **values: object) -> None:
        """Правит строку; у карт пациентов ключом служит номер человека."""
        key = "ID_Persons" if table == "Patients" else "ID"
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        parameters = [*(_plain(value) for value in values.values()), row_id]
        self._connection.execute(f"UPDATE {table} SET {assignments} WHERE {key} = ?", parameters)

    def ask(self, sql: str, *parameters: object) -> list[Mapping[str, Any]]:
        """Возвращает строки запроса."""
        rows = self._connection.execute(sql, [_plain(value) for value in parameters]).fetchall()
        return [dict(row) for row in rows]

    def ids(self, sql: str, *parameters: object) -> list[int]:
        """Возвращает номера из первого столбца запроса."""
        return [next(iter(row.values())) for row in self.ask(sql, *parameters)]

    # --- люди ---

    def register(self, human: Human, mobile: str | None, phone: str | None = None) -> int:
        """Заводит карту пациента и возвращает его номер."""
        person_id = self.add_person(human, mobile, phone)
        self.insert(
            "Patients",
            ID_Persons=person_id,
            CardNumber=f"К-{person_id:05d}",
            PatientNumber=person_id,
            DateTimeChanged=self.now,
        )
        return person_id

    def hire(self, human: Human, profession_ids: Sequence[int]) -> int:
        """Принимает сотрудника и возвращает его номер."""
        person_id = self.add_person(human, human.phone)
        self.insert("Staffs", ID_Persons=person_id)
        for profession_id in profession_ids:
            self.insert("Items", ID_Staffs=person_id, ID_ProfessionNames=profession_id)
        return person_id

    def add_person(self, human: Human, mobile: str | None, phone: str | None = None) -> int:
        """Добавляет человека."""
        return self.insert(
            "Persons",
            Surname=human.surname,
            Name=human.name,
            Patronymic=human.patronymic or None,
            MobilePhone=mobile,
            Phone=phone,
            Sex=human.sex,
        )

    def correct_patient(self, patient_id: int, **values: str | None) -> None:
        """Правит человека; отметку времени несёт карта пациента: у Persons её нет."""
        self.change("Persons", patient_id, **values)
        self.change("Patients", patient_id, DateTimeChanged=self.now)

    # --- приёмы ---

    def book(self, visit: Visit, **extra: object) -> int:
        """Записывает на приём."""
        values: dict[str, object] = {
            "ID_Patients": visit.patient_id,
            "ID_Staffs": visit.staff_id,
            "ID_Armchairs": visit.armchair_id,
            "PlanStart": visit.start,
            "PlanEnd": visit.start + timedelta(minutes=visit.minutes),
            "ReceptionAdded": self.now,
            "DateTimeAdded": self.now,
            "DateTimeChanged": self.now,
        }
        return self.insert("Receptions", **{**values, **extra})

    def mark(self, reception_id: int, **values: int | str | datetime | None) -> None:
        """Правит приём и двигает его отметку изменения."""
        self.change("Receptions", reception_id, **values, DateTimeChanged=self.now)

    def cancel(self, reception_id: int, reason_id: int | None, comment: str | None = None) -> None:
        """Отменяет приём."""
        self.mark(
            reception_id,
            ReceptionCanceled=self.now,
            ID_ReceptionCancelReasons=reason_id,
            CancelReasonComment=comment,
        )

    # --- заказы ---

    def order(self, reception_id: int, company_id: int | None, items: Sequence[Item]) -> int:
        """Открывает заказ приёма с услугами."""
        (visit,) = self.ask("SELECT ID_Patients, ID_Staffs FROM Receptions WHERE ID = ?", reception_id)
        order_id = self.insert(
            "Orders",
            DateTimeOrder=self.now,
            ID_OwnCompanies=company_id,
            ID_Receptions=reception_id,
            **visit,
            DateTimeAdded=self.now,
            DateTimeChanged=self.now,
        )
        for item in items:
            self.add_line(order_id, item)
        return order_id

    def add_line(self, order_id: int, item: Item) -> int:
        """Добавляет услугу в заказ."""
        return self.insert(
            "OrderServiceRelation",
            ID_Orders=order_id,
            ID_TreatmentPlans=item.plan_id,
            ID_TreatmentPlanElementRelations=item.plan_line_id,
            ID_ServicePrices=item.price_id,
            CountService=item.count,
            DiscountSum=item.discount or None,
            DateTimeAdded=self.now,
            DateTimeChanged=self.now,
        )

    def bill(self, order_id: int) -> None:
        """Выставляет счёт по заказу."""
        self.change("Orders", order_id, DateTimeBillFormed=self.now, IsBillFormed=1, DateTimeChanged=self.now)

    # --- планы лечения ---

    def plan(self, patient_id: int, staff_id: int, name: str, active: bool = True) -> int:
        """Заводит план лечения."""
        return self.insert(
            "TreatmentPlans",
            ID_StaffsCreated=staff_id,
            DateTimeCreated=self.now,
            ID_Patients=patient_id,
            Name=name,
            ID_Staffs=staff_id,
            ActualFrom=self.now,
            DateTimePriceFix=self.now,
            IsActive=int(active),
            DateTimeAdded=self.now,
            DateTimeChanged=self.now,
        )

    def add_plan_line(
        self, plan_id: int, price_id: int, stage_id: int, element_id: int | None, teeth: int = 0
    ) -> int:
        """Добавляет услугу в план; ``teeth`` — биты зубов."""
        return self.insert(
            "TreatmentPlanElementRelations",
            ID_TreatmentPlans=plan_id,
            ID_TreatmentPlanStages=stage_id,
            ID_TreatmentPlanElements=element_id,
            ID_ServicePrices=price_id,
            TeethLong=teeth or None,
            DateTimeAdded=self.now,
            DateTimeChanged=self.now,
        )


@contextmanager
def at_desk(path: Path, now: datetime) -> Iterator[Desk]:
    """Открывает регистратуру на одну запись: всё внутри — одна транзакция."""
    connection = sqlite3.connect(path, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield Desk(connection, now)
    finally:
        connection.close()


def create_database(path: Path) -> None:
    """Создаёт пустую базу."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
    finally:
        connection.close()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value) if isinstance(value, Decimal) else value
