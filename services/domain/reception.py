"""Приём (Reception) — то, что прочитано из Ident, и его опознание."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from services.domain.plan import PlanLine
from services.domain.texts import line


class ReceptionStatus(StrEnum):
    """Статусы записи (СПЕЦ 2.2.2), значение — то, что видит куратор в UF_CRM_STATUS."""

    PLANNED = "Запланирован"
    APPEARED = "Пациент пришел"
    STARTED = "В процессе"
    ENDED = "Завершен"
    CHECK_ISSUED = "Завершен (счет выдан)"
    CANCELED = "Отменен"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Строка заказа: услуга, количество, цена и скидка в рублях (МАП 2.6.5, 2.6.6)."""

    service: str
    count: Decimal
    price: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True, repr=False)
class Reception:
    """Приём, как он записан в Ident: тексты и времена ещё не проверены.

    Времена — наивные ``datetime`` в часовом поясе базы. ``lines`` стоят по возрастанию
    (номер заказа, номер строки) по всем заказам приёма; ``plan_lines`` — строки связанных планов
    (постановление 21). ``flaw`` — столбец, чьё значение не прочлось: такой приём отклоняется. ``repr`` не
    показывает людей.
    """

    reception_id: int
    patient_id: int
    card_number: str | None = None
    surname: str | None = None
    name: str | None = None
    patronymic: str | None = None
    phone: str | None = None
    doctor_surname: str | None = None
    doctor_name: str | None = None
    doctor_patronymic: str | None = None
    profession: str | None = None
    armchair: str | None = None
    order_branch: str | None = None
    armchair_branch: str | None = None
    plan_start: datetime | None = None
    plan_end: datetime | None = None
    created_at: datetime | None = None
    appeared_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    check_issued_at: datetime | None = None
    canceled_at: datetime | None = None
    cancel_reason: str | None = None
    comment: str | None = None
    source: str | None = None
    lines: Sequence[OrderLine] = ()
    plan_lines: Sequence[PlanLine] = ()
    flaw: str = ""

    def __repr__(self) -> str:
        return f"Reception({self.reception_id})"


def status_of(reception: Reception) -> ReceptionStatus:
    """Возвращает статус по лестнице: отмена, счёт, завершение, начало, приход, план (СПЕЦ 2.2.2)."""
    ladder = (
        (reception.canceled_at, ReceptionStatus.CANCELED),
        (reception.check_issued_at, ReceptionStatus.CHECK_ISSUED),
        (reception.ended_at, ReceptionStatus.ENDED),
        (reception.started_at, ReceptionStatus.STARTED),
        (reception.appeared_at, ReceptionStatus.APPEARED),
    )
    return next((status for mark, status in ladder if mark is not None), ReceptionStatus.PLANNED)


UNKNOWN_BRANCH = "Не указан"


def branch_name(reception: Reception) -> str:
    """Возвращает филиал: из заказа, из кабинета, иначе «Не указан» (СПЕЦ 2.4.3, МАП 2.6.3)."""
    names = (line(name) for name in (reception.order_branch, reception.armchair_branch))
    return next((name for name in names if name), UNKNOWN_BRANCH)
