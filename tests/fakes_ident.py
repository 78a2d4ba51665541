"""Подделки Ident: источник в памяти и маленькая база SQLite, куда проверка пишет только нужное."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from demo.clinic.desk import at_desk, create_database
from services.domain.cursor import ChangePage, ChangePoint
from services.domain.errors import DatabaseError
from services.domain.reception import Reception
from services.ident.source import IdentSource, sqlite_source
from services.ident.sqlite import SqliteConnector
from tests.factories import make_reception

PAGE = 50


class FakeSource:
    """Источник приёмов в памяти; ``failure`` заставляет всякое чтение сорваться."""

    def __init__(self, now: datetime) -> None:
        self.clock = now
        self.failure: DatabaseError | None = None
        self._receptions: dict[int, Reception] = {}
        self._changed: dict[int, datetime] = {}

    def put(self, reception: Reception, changed_at: datetime | None = None) -> None:
        """Записывает приём; время изменения по умолчанию — настоящее."""
        self._receptions[reception.reception_id] = reception
        self._changed[reception.reception_id] = changed_at or self.clock

    def change_silently(self, reception_id: int, **changes: object) -> None:
        """Меняет приём, не двигая отметки времени: такое находит только сверка."""
        self._receptions[reception_id] = replace(self._receptions[reception_id], **changes)  # type: ignore[arg-type]

    def remove(self, reception_id: int) -> None:
        """Удаляет приём."""
        del self._receptions[reception_id], self._changed[reception_id]

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 изменений строго после точки."""
        self._break()
        points = sorted(ChangePoint(at, reception_id) for reception_id, at in self._changed.items())
        return ChangePage([later for later in points if later > point][:PAGE], self.clock)

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов с началом в [since, until)."""
        self._break()
        found = [
            reception.reception_id
            for reception in self._receptions.values()
            if reception.plan_start and since <= reception.plan_start < until
        ]
        return sorted(number for number in found if number > after_id)[:PAGE]

    def planned_total(self, since: datetime, until: datetime) -> int:
        """Возвращает число приёмов с началом в [since, until)."""
        self._break()
        starts = (reception.plan_start for reception in self._receptions.values())
        return sum(1 for start in starts if start and since <= start < until)

    def read(self, reception_ids: Sequence[int]) -> Sequence[Reception]:
        """Возвращает приёмы по номерам; отсутствующие пропущены."""
        self._break()
        return [
            self._receptions[number] for number in sorted(set(reception_ids)) if number in self._receptions
        ]

    def existing(self, reception_ids: Sequence[int]) -> Collection[int]:
        """Возвращает, какие из приёмов ещё есть."""
        self._break()
        return {number for number in reception_ids if number in self._receptions}

    def by_card(self, card_number: str) -> Sequence[int]:
        """Возвращает номера приёмов с такой картой, поздние первыми."""
        self._break()
        found = (one.reception_id for one in self._receptions.values() if one.card_number == card_number)
        return sorted(found, reverse=True)[:PAGE]

    def now(self) -> datetime:
        """Возвращает время базы."""
        self._break()
        return self.clock

    def close(self) -> None:
        """Закрывает соединение: закрывать нечего."""

    def retire(self) -> None:
        """Закрывает соединение навсегда: закрывать нечего."""

    def _break(self) -> None:
        if self.failure is not None:
            raise self.failure


class FakeWorld:
    """Мир проверки договора вокруг FakeSource."""

    def __init__(self, now: datetime) -> None:
        self.source = FakeSource(now)

    def book(self, reception_id: int, changed_at: datetime, start: datetime) -> None:
        """Записывает приём."""
        self.source.put(make_reception(reception_id=reception_id, plan_start=start), changed_at)

    def touch(self, reception_id: int, changed_at: datetime) -> None:
        """Правит приём."""
        (reception,) = self.source.read([reception_id])
        self.source.put(reception, changed_at)


class SmallIdent:
    """База SQLite с одним врачом, кабинетом, двумя организациями и прейскурантом из двух услуг.

    Номера: пациент 1, врач 2, кабинет 1 (организация 1), цены 1 (Лечение кариеса, 5000)
    и 2 (Консультация, 1000.50).
    """

    PATIENT, DOCTOR = 1, 2

    def __init__(self, folder: Path, now: datetime) -> None:
        self.path, self.clock = folder / "ident.sqlite", now
        create_database(self.path)
        self._furnish()
        self.source: IdentSource = sqlite_source(SqliteConnector(self.path, 30, lambda: self.clock))

    def _furnish(self) -> None:
        self.insert(
            "Persons", Surname="Лунёва", Name="Алсу", Patronymic="Ильинична", MobilePhone="89430000001"
        )
        self.insert("Persons", Surname="Зорин", Name="Лев", Patronymic="Маратович")
        self.insert("Patients", ID_Persons=self.PATIENT, CardNumber="К-1")
        self.insert("Staffs", ID_Persons=self.DOCTOR)
        self.insert("ProfessionNames", NameProfession="Директор", ID_Roles=9)
        self.insert("ProfessionNames", NameProfession="Терапевт", ID_Roles=8)
        self.insert("ProfessionNames", NameProfession="Хирург", ID_Roles=8)
        self.insert("Items", ID_Staffs=self.DOCTOR, ID_ProfessionNames=2)
        self.insert("OwnCompanies", Name="Филиал Фучика")
        self.insert("OwnCompanies", Name="Филиал Амирхана")
        self.insert("Armchairs", NameArmchair="Кабинет 1", ID_OwnCompanies=1)
        for name, price in (("Лечение кариеса", "5000"), ("Консультация", "1000.50")):
            item_id = self.insert("ServiceItems", Name=name)
            self.insert("ServiceItemPrices", ID_ServiceItems=item_id, Price=Decimal(price))

    def insert(self, table: str, **values: object) -> int:
        """Добавляет строку без отметок времени, кроме названных."""
        with at_desk(self.path, self.clock) as desk:
            return desk.insert(table, **values)

    def change(self, table: str, row_id: int, **values: object) -> None:
        """Правит строку."""
        with at_desk(self.path, self.clock) as desk:
            desk.change(table, row_id, **values)

    def reception(self, **values: object) -> int:
        """Записывает пациента к врачу на завтра; отметок времени нет, кроме названных."""
        start = self.clock + timedelta(days=1)
        usual: dict[str, object] = {
            "ID_Patients": self.PATIENT,
            "ID_Staffs": self.DOCTOR,
            "ID_Armchairs": 1,
            "PlanStart": start,
            "PlanEnd": start + timedelta(minutes=30),
        }
        return self.insert("Receptions", **{**usual, **values})

    def order(self, reception_id: int, company_id: int | None = 1, **values: object) -> int:
        """Открывает заказ приёма."""
        links = {"ID_Receptions": reception_id, "ID_Patients": self.PATIENT, "ID_OwnCompanies": company_id}
        return self.insert("Orders", **{**links, **values})

    def line(self, order_id: int, price_id: int | None = 1, count: str = "1", **values: object) -> int:
        """Добавляет услугу в заказ."""
        usual = {"ID_Orders": order_id, "ID_ServicePrices": price_id, "CountService": Decimal(count)}
        return self.insert("OrderServiceRelation", **{**usual, **values})

    def plan(self, lines: int, active: bool = True, patient_id: int = PATIENT) -> tuple[int, list[int]]:
        """Заводит план со строками; возвращает номер плана и номера строк."""
        plan_id = self.insert("TreatmentPlans", ID_Patients=patient_id, IsActive=int(active))
        table = "TreatmentPlanElementRelations"
        return plan_id, [
            self.insert(table, ID_TreatmentPlans=plan_id, ID_ServicePrices=1) for _ in range(lines)
        ]

    def read(self, reception_id: int) -> Reception:
        """Читает один приём."""
        (reception,) = self.source.read([reception_id])
        return reception

    def book(self, reception_id: int, changed_at: datetime, start: datetime) -> None:
        """Записывает приём (для проверки договора)."""
        self.reception(ID=reception_id, DateTimeChanged=changed_at, PlanStart=start)

    def touch(self, reception_id: int, changed_at: datetime) -> None:
        """Правит приём (для проверки договора)."""
        self.change("Receptions", reception_id, DateTimeChanged=changed_at)
