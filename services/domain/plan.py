"""План лечения (TreatmentPlan): чем он закончен и что это значит для стадии сделки."""

from collections.abc import Sequence
from dataclasses import dataclass
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
