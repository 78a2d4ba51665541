"""Строители с верными умолчаниями: проверка называет только то, что для неё важно. Люди вымышлены."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from services.domain.branches import BranchRule
from services.domain.judgement import Rules
from services.domain.keys import RecordKey
from services.domain.mapping import DealDraft, draft_deal
from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception

ZONE = timezone(timedelta(hours=3))
NOW = datetime(2024, 12, 29, 12, 0, tzinfo=ZONE)
START = datetime(2024, 12, 30, 10, 0)
MARK = datetime(2024, 12, 30, 10, 30)

FUCHIKA = BranchRule(1, "Филиал Фучика", aliases=("Фучика",), home=True)
MINNULLINA = BranchRule(2, "Филиал Миннуллина")
BRANCHES = (FUCHIKA, MINNULLINA)

RECEPTION = Reception(
    reception_id=12345,
    patient_id=777,
    card_number="1024",
    surname="Иванов",
    name="Иван",
    patronymic="Иванович",
    phone="+7 (916) 123-45-67",
    doctor_surname="Петрова",
    doctor_name="Мария",
    doctor_patronymic="Сергеевна",
    profession="Терапевт",
    armchair="Кабинет 3",
    order_branch=FUCHIKA.name,
    armchair_branch=FUCHIKA.name,
    plan_start=START,
    plan_end=START + timedelta(minutes=45),
    created_at=datetime(2024, 12, 20, 9, 15, 30),
    appeared_at=None,
    started_at=None,
    ended_at=None,
    check_issued_at=None,
    canceled_at=None,
    cancel_reason=None,
    comment=None,
    source="Сайт",
)


def make_line(service: str = "Лечение кариеса", **changes: Any) -> OrderLine:
    """Строит строку заказа: одна услуга за 1000 рублей без скидки."""
    line = OrderLine(service, count=Decimal(1), price=Decimal(1000), discount=Decimal(0))
    return replace(line, **changes)


def make_reception(**changes: Any) -> Reception:
    """Строит запланированный приём с одной услугой лечения в филиале Фучика."""
    return replace(RECEPTION, **{"lines": (make_line(),), **changes})


def make_plan_line(plan_id: int = 1, line_id: int = 1, done: bool = False, paid: bool = False) -> PlanLine:
    """Строит строку плана: ещё не выполнена."""
    return PlanLine(plan_id, line_id, done, paid)


def make_draft(**changes: Any) -> DealDraft:
    """Строит сделку по приёму с данными изменениями."""
    reception = make_reception(**changes)
    return draft_deal(reception, RecordKey(1, "", reception.reception_id), FUCHIKA.name, "main", ZONE)


def make_rules(number: int = 1, **changes: Any) -> Rules:
    """Строит правила филиала базы, где живут филиалы Фучика (домашний) и Миннуллина."""
    return replace(Rules(number, "main", BRANCHES, ZONE), **changes)
