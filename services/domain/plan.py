"""План лечения (TreatmentPlan): чем он закончен и что это значит для стадии сделки."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import groupby


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Строка плана: к какому плану относится, выполнена ли, оплачена ли."""

    plan_id: int
    line_id: int
    done: bool
    paid: bool


class PlanProgress(StrEnum):
    """Итог по связанным планам: плана нет, план идёт, планы полностью выполнены и оплачены."""

    NONE = "none"
    ACTIVE = "active"
    COMPLETED = "completed"


def plan_progress(lines: Sequence[PlanLine]) -> PlanProgress:
    """Возвращает итог по строкам связанных планов (МАП 2.5.2 приоритет 3, постановление 21).

    Несколько планов завершены, только если завершён каждый; выполненное, но не оплаченное — в процессе.
    """
    if not lines:
        return PlanProgress.NONE
    by_plan = groupby(sorted(lines, key=lambda line: line.plan_id), key=lambda line: line.plan_id)
    finished = (all(line.done and line.paid for line in plan) for _, plan in by_plan)
    return PlanProgress.COMPLETED if all(finished) else PlanProgress.ACTIVE


class LineStatus(StrEnum):
    """Статус строки плана (СПЕЦ 2.3.2)."""

    NOT_DONE = "Не выполнено"
    DONE = "Выполнено"
    PAID = "Выполнено и оплачено"


def line_status(done: bool, paid: bool) -> LineStatus:
    """Возвращает статус строки; оплаченное, но не выполненное — не выполнено."""
    if not done:
        return LineStatus.NOT_DONE
    return LineStatus.PAID if paid else LineStatus.DONE


def teeth_count(teeth_bits: int | None) -> int:
    """Возвращает число зубов по битам TeethLong; без зубов услуга считается один раз."""
    # TeethLong — BIGINT со знаком: отрицательное число означает поднятый старший бит.
    return max(((teeth_bits or 0) & 0xFFFF_FFFF_FFFF_FFFF).bit_count(), 1)


def line_total(price: Decimal, teeth: int, discount: Decimal) -> Decimal:
    """Возвращает итог строки: цена × число зубов − скидка (МАП 3.5.1)."""
    return price * teeth - discount


@dataclass(frozen=True, slots=True)
class PlanItem:
    """Услуга плана для вкладки: этап, его порядок и деньги строки (МАП 3.3)."""

    stage: str
    stage_order: int
    price: Decimal
    teeth: int
    discount: Decimal

    @property
    def total(self) -> Decimal:
        """Возвращает итог услуги (МАП 3.5.1)."""
        return line_total(self.price, self.teeth, self.discount)


def stage_totals(items: Iterable[PlanItem]) -> dict[tuple[int, str], Decimal]:
    """Возвращает итоги этапов по порядку: (порядок, имя) → сумма; тёзки не сливаются (МАП 3.5.2)."""
    totals: dict[tuple[int, str], Decimal] = {}
    for item in items:
        stage = (item.stage_order, item.stage)
        totals[stage] = totals.get(stage, Decimal(0)) + item.total
    return dict(sorted(totals.items()))


def plan_total(items: Iterable[PlanItem]) -> Decimal:
    """Возвращает общую сумму плана (МАП 3.5.3)."""
    return sum(stage_totals(items).values(), Decimal(0))
