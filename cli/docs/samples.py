"""Придуманные приёмы для таблиц: полный, пустой и их отметки времени."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception

NOW = datetime(2026, 11, 24, 9, 0)
APPEARED, STARTED, ENDED, CHECK, CANCELED = (NOW + timedelta(minutes=10 * step) for step in range(5))

#: Заполнено всё, запись отменена.
WHOLE = Reception(
    reception_id=12345,
    patient_id=77,
    card_number="К-77",
    surname="Облаков",
    name="Камиль",
    patronymic="Тимурович",
    phone="+79031112233",
    doctor_surname="Зорин",
    doctor_name="Марат",
    doctor_patronymic="Ильич",
    profession="Терапевт",
    armchair="Кабинет 1",
    order_branch="Филиал",
    armchair_branch="Филиал",
    plan_start=NOW,
    plan_end=NOW + timedelta(minutes=30),
    created_at=NOW - timedelta(days=1),
    appeared_at=APPEARED,
    started_at=STARTED,
    ended_at=ENDED,
    check_issued_at=CHECK,
    canceled_at=CANCELED,
    cancel_reason="Заболел",
    comment="Перезвонить",
    source="Сайт",
    lines=[OrderLine("Лечение кариеса", Decimal(2), Decimal(5000), Decimal(500))],
    plan_lines=[PlanLine(1, 1, True, False)],
)

#: Только записан: ни отметок, ни заказа, ни плана.
BARE = replace(
    WHOLE,
    order_branch=None,
    armchair_branch=None,
    appeared_at=None,
    started_at=None,
    ended_at=None,
    check_issued_at=None,
    canceled_at=None,
    cancel_reason=None,
    lines=(),
    plan_lines=(),
)
