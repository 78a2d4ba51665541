"""Сцена филиала: короткие глаголы, из которых складываются и обычные приёмы, и редкие случаи."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from random import Random

from demo.clinic import catalog
from demo.clinic.catalog import Service
from demo.clinic.clinic import Place
from demo.clinic.desk import Desk, Item, Visit
from demo.clinic.people import PHONE_STYLES, Human, invent
from demo.clinic.rooms import Rooms

OPENS, CLOSES = 9, 19
DISCOUNT_SHARE = 0.2


class Step(IntEnum):
    """Ступени приёма, как их отмечают в Ident."""

    PLANNED = 0
    APPEARED = 1
    STARTED = 2
    ENDED = 3
    CHECKED = 4


MARKS = ("PatientAppeared", "ReceptionStarted", "ReceptionEnded", "CheckIssued")
#: Через сколько минут от начала ставится отметка.
DELAYS = (-5, 2, 28, 35)


@dataclass(slots=True)
class Scene:
    """Филиал в руках рассказчика; ``now`` — настоящее время клиники, часы стойки можно переводить назад."""

    desk: Desk
    rooms: Rooms
    place: Place
    rng: Random
    now: datetime

    def patient(self, human: Human | None = None) -> int:
        """Заводит пациента; номер пишется, как привык администратор."""
        human = human or invent(self.rng)
        written = self.rng.choice(PHONE_STYLES)(human.number)
        return self.desk.register(human, written)

    def slot(self, day: int) -> datetime:
        """Возвращает время приёма через столько дней, в часы работы."""
        hour, minute = self.rng.randrange(OPENS, CLOSES), self.rng.choice((0, 15, 30, 45))
        return datetime.combine(self.now.date() + timedelta(days=day), time(hour, minute))

    def book(self, patient_id: int, start: datetime, **extra: object) -> int:
        """Записывает на приём к случайному врачу филиала."""
        staff_id = self.rng.choice(self.rooms.staff[self.place.number])
        armchair_id = self.rng.choice(self.rooms.armchairs[self.place.number])
        visit = Visit(patient_id, staff_id, armchair_id, start, self.rng.choice((30, 30, 45, 60)))
        source = self.rng.choice((None, *self.rooms.sources))
        values = {"Comment": self.rng.choice(catalog.COMMENTS), "ID_AppointmentSources": source, **extra}
        return self.desk.book(visit, **values)

    def attend(self, reception_id: int, start: datetime, last: Step) -> None:
        """Проводит приём до ступени ``last``, отмечая каждую в своё время."""
        for mark, delay in list(zip(MARKS, DELAYS, strict=True))[:last]:
            self.desk.now = min(start + timedelta(minutes=delay), self.now)
            self.desk.mark(reception_id, **{mark: self.desk.now})

    def order(self, reception_id: int, services: Sequence[Service], place: Place | None = None) -> int:
        """Открывает заказ филиала с услугами."""
        company_id = self.rooms.companies[(place or self.place).number]
        return self.desk.order(reception_id, company_id, [self.item(service) for service in services])

    def item(self, service: Service) -> Item:
        """Возвращает строку заказа; иногда со скидкой и не в одном экземпляре."""
        count = Decimal(self.rng.choice((1, 1, 1, 2, 3)))
        cut = self.rng.random() < DISCOUNT_SHARE
        discount = (service.price * Decimal("0.1")).quantize(Decimal("0.01")) if cut else Decimal(0)
        return Item(self.rooms.prices[service.name], count, discount)

    def services(self) -> Sequence[Service]:
        """Возвращает случайный набор услуг: ничего, консультация, лечение или смесь."""
        treatments = self.rng.sample(catalog.TREATMENTS, self.rng.randint(1, 4))
        consultation = self.rng.choice(catalog.CONSULTATIONS)
        kinds: Sequence[Sequence[Service]] = ((), (consultation,), treatments, (consultation, *treatments))
        return self.rng.choices(kinds, weights=(2, 3, 5, 1))[0]

    def plan(
        self, patient_id: int, services: Sequence[Service], active: bool = True
    ) -> tuple[int, list[Item]]:
        """Заводит план лечения; возвращает его номер и строки заказа, которые его выполняют."""
        staff_id = self.rng.choice(self.rooms.staff[self.place.number])
        name = f"План лечения от {self.desk.now:%d.%m.%Y}"
        plan_id = self.desk.plan(patient_id, staff_id, name, active)
        return plan_id, [self._plan_item(plan_id, service) for service in services]

    def _plan_item(self, plan_id: int, service: Service) -> Item:
        price_id = self.rooms.prices[service.name]
        # Услуга этапа без элемента плана — обычное дело в настоящих базах.
        element_id = self.rng.choice((None, *self.rooms.elements))
        teeth = self.rng.choice((0, 0b1, 0b110, 0b1110000))
        line_id = self.desk.add_plan_line(
            plan_id, price_id, self.rng.choice(self.rooms.stages), element_id, teeth
        )
        return Item(price_id, plan_id=plan_id, plan_line_id=line_id)
