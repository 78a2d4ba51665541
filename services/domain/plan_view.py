"""План лечения для показа: этапы, услуги, суммы, исполнение (МАП 3.3, 3.5, СПЕЦ 2.3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from itertools import groupby

from services.domain.dates import to_iso
from services.domain.phones import Phone, phone_in
from services.domain.plan import PlanItem, line_status, plan_total, stage_totals

#: Порядок услуг без этапа или без номера этапа: после всех.
LAST = 1_000_000
UNNAMED_PLAN = "План без названия"
UNNAMED_SERVICE = "Услуга не найдена в прейскуранте"

Json = dict[str, object]


@dataclass(frozen=True, slots=True, repr=False)
class PlanPatient:
    """Пациент, чей план смотрят."""

    patient_id: int
    card_number: str
    full_name: str
    phone: str = ""

    def __repr__(self) -> str:
        return f"PlanPatient({self.patient_id})"


@dataclass(frozen=True, slots=True, repr=False)
class PlanHead:
    """Действующий план пациента без строк; времена — наивные, в поясе базы."""

    plan_id: int
    name: str
    doctor_name: str
    created_at: datetime | None
    price_fixed_at: datetime | None

    def __repr__(self) -> str:
        return f"PlanHead({self.plan_id})"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Строка плана: услуга этапа; ``item`` — этап и деньги."""

    plan_id: int
    line_id: int
    item: PlanItem
    element: str
    service: str
    done: bool
    paid: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Исполнение плана: сколько строк и рублей выполнено, оплачено и осталось."""

    lines: int
    done_lines: int
    paid_lines: int
    total: Decimal
    done: Decimal
    paid: Decimal

    @property
    def left(self) -> Decimal:
        return self.total - self.done


def progress_of(rows: Sequence[PlanRow]) -> Progress:
    """Считает исполнение; оплаченное, но не выполненное ещё не сделано (СПЕЦ 2.3.2)."""
    done = [row for row in rows if row.done]
    paid = [row for row in done if row.paid]
    sums = (plan_total(row.item for row in part) for part in (rows, done, paid))
    return Progress(len(rows), len(done), len(paid), *sums)


def newest_first(heads: Iterable[PlanHead]) -> list[PlanHead]:
    """Упорядочивает планы по дате создания, новые первыми (МАП 5.3)."""
    return sorted(heads, key=lambda head: (head.created_at or datetime.min, head.plan_id), reverse=True)


def rows_by_plan(rows: Iterable[PlanRow]) -> Mapping[int, list[PlanRow]]:
    """Раскладывает строки по планам, сохраняя порядок."""
    found: dict[int, list[PlanRow]] = {}
    for row in rows:
        found.setdefault(row.plan_id, []).append(row)
    return found


def phone_of(patient: PlanPatient) -> Phone | None:
    """Возвращает телефон пациента; негодный или пустой — None."""
    return phone_in(patient.phone)


def patient_view(patient: PlanPatient) -> Json:
    """Возвращает пациента для показа: ФИО и номер карты."""
    return {
        "patient_id": patient.patient_id,
        "patient_name": patient.full_name,
        "card_number": patient.card_number,
    }


def plan_summary(head: PlanHead, rows: Sequence[PlanRow], zone: timezone) -> Json:
    """Возвращает план строкой списка: название, дата, врач, сумма, исполнение (МАП 5.3)."""
    return {
        "plan_id": head.plan_id,
        "plan_name": head.name or UNNAMED_PLAN,
        "doctor_name": head.doctor_name,
        "created_at": _moment(head.created_at, zone),
        "price_fixed_at": _moment(head.price_fixed_at, zone),
        "total": money(plan_total(row.item for row in rows)),
        "progress": _progress(progress_of(rows)),
    }


def plan_view(head: PlanHead, rows: Sequence[PlanRow], zone: timezone) -> Json:
    """Возвращает план целиком: строку списка и этапы с услугами (МАП 3.3)."""
    totals = stage_totals(row.item for row in rows)
    ordered = sorted(rows, key=_stage)
    stages = [_stage_view(stage, list(part), totals[stage]) for stage, part in groupby(ordered, key=_stage)]
    return {**plan_summary(head, rows, zone), "stages": stages}


def _stage(row: PlanRow) -> tuple[int, str]:
    return row.item.stage_order, row.item.stage


def _stage_view(stage: tuple[int, str], rows: Sequence[PlanRow], total: Decimal) -> Json:
    order, name = stage
    return {
        "stage": name or None,
        "stage_order": order if order != LAST else None,
        "total": money(total),
        "services": [_service(row) for row in rows],
    }


def _service(row: PlanRow) -> Json:
    item = row.item
    return {
        "element": row.element or None,
        "service": row.service or UNNAMED_SERVICE,
        "status": line_status(row.done, row.paid).value,
        "price": money(item.price),
        "teeth": item.teeth,
        "discount": money(item.discount),
        "total": money(item.total),
    }


def _progress(progress: Progress) -> Json:
    return {
        "lines": progress.lines,
        "done_lines": progress.done_lines,
        "paid_lines": progress.paid_lines,
        "done": money(progress.done),
        "paid": money(progress.paid),
        "left": money(progress.left),
    }


def money(value: Decimal) -> float:
    """Возвращает рубли числом JSON с копейками."""
    return float(round(value, 2))


def _moment(moment: datetime | None, zone: timezone) -> str | None:
    return to_iso(moment, zone) if moment is not None else None
