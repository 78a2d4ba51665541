"""Стадии сделки: какая нужна и можно ли на неё перейти (МАП 2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.domain.plan import PlanProgress, plan_progress
from services.domain.reception import Reception
from services.domain.texts import folded


class Stage(StrEnum):
    """Стадии воронки (МАП 2.5.1)."""

    CONSULTATION_SCHEDULED = "consultation_scheduled"
    CONSULTATION_DONE = "consultation_done"
    PLAN_PRESENTATION = "plan_presentation"
    WAITING_LIST = "waiting_list"
    PREPAYMENT_RECEIVED = "prepayment_received"
    TREATMENT = "treatment"
    WON = "won"
    LOSE = "lose"


#: Стадии, которые ставит только куратор (МАП 2.5.3).
MANUAL = frozenset({Stage.PLAN_PRESENTATION, Stage.WAITING_LIST, Stage.PREPAYMENT_RECEIVED})

#: Порядок движения вперёд (МАП 2.5.4).
RANK: Mapping[Stage, int] = {
    Stage.CONSULTATION_SCHEDULED: 1,
    Stage.CONSULTATION_DONE: 2,
    Stage.TREATMENT: 3,
    Stage.WON: 4,
}

#: Стадии, на которых сделка закрыта.
FINAL = frozenset({Stage.WON, Stage.LOSE})

CONSULTATION = "консультация"


@dataclass(frozen=True, slots=True)
class StageTable:
    """Стадии и их коды на портале; коды не повторяются."""

    ids: Mapping[Stage, str]

    @classmethod
    def build(cls, category_id: int, overrides: Mapping[Stage, str]) -> "StageTable":
        """Собирает таблицу: по умолчанию коды МАП 2.5.1 с приставкой воронки; повтор — ValueError."""
        prefix = f"C{category_id}:" if category_id else ""
        ids = {stage: overrides.get(stage) or prefix + stage.name for stage in Stage}
        for stage, code in ids.items():
            twin = next(other for other in Stage if ids[other] == code)
            if twin is not stage:
                raise ValueError(
                    f"[portal.stages] один код {code} стоит у двух стадий: {_told(twin)} и {_told(stage)}; "
                    "у каждой стадии свой код"
                )
        return cls(ids)

    def id_of(self, stage: Stage) -> str:
        return self.ids[stage]

    def stage_of(self, stage_id: str) -> Stage | None:
        """Возвращает стадию по коду; чужой код — None."""
        return next((stage for stage, known in self.ids.items() if known == stage_id), None)


def _told(stage: Stage) -> str:
    kind = "конечная" if stage in FINAL else "ручная" if stage in MANUAL else "рабочая"
    return f"{stage} ({kind})"


def target_stage(reception: Reception) -> Stage:
    """Возвращает стадию, положенную записи, по порядку приоритетов МАП 2.5.2."""
    if reception.canceled_at is not None:
        return Stage.LOSE
    if is_consultation(reception):
        return _consultation_stage(reception)
    progress = plan_progress(reception.plan_lines)
    if progress is not PlanProgress.NONE:
        return Stage.WON if progress is PlanProgress.COMPLETED else Stage.TREATMENT
    return _treatment_stage(reception)


def is_consultation(reception: Reception) -> bool:
    """Отвечает, есть ли среди услуг консультация: слово в любом регистре (постановление 26)."""
    return any(CONSULTATION in folded(item.service) for item in reception.lines)


def _consultation_stage(reception: Reception) -> Stage:
    finished = reception.ended_at is not None or reception.check_issued_at is not None
    return Stage.CONSULTATION_DONE if finished else Stage.CONSULTATION_SCHEDULED


def _treatment_stage(reception: Reception) -> Stage:
    if reception.check_issued_at is not None:
        return Stage.WON
    marks = (reception.ended_at, reception.started_at, reception.appeared_at)
    began = any(mark is not None for mark in marks)
    return Stage.TREATMENT if began else Stage.CONSULTATION_SCHEDULED


@dataclass(frozen=True, slots=True)
class SetStage:
    """Перевести сделку на стадию."""

    stage: Stage
    stage_id: str


@dataclass(frozen=True, slots=True)
class KeepStage:
    """Оставить стадию; ``manual_cancel`` — отменённая запись осталась на ручной стадии (нужен WARNING)."""

    reason: str
    manual_cancel: bool = False


def move_stage(
    current_id: str, target: Stage, table: StageTable, cancel_moves_manual: bool = False
) -> SetStage | KeepStage:
    """Решает судьбу стадии: только вперёд, отмена — из любой, ручные не трогаются (МАП 2.5.4).

    LOSE не покидается (постановление 10). Стадия не из нашей таблицы не двигается и при отмене
    (постановление 9): сделка может стоять в чужой воронке, где нашего кода нет.
    """
    current = table.stage_of(current_id)
    if current is target:
        return KeepStage("стадия уже стоит")
    if current is Stage.LOSE:
        return KeepStage("сделка уже закрыта неуспешно")
    if current is None:
        return KeepStage("стадия не из нашей таблицы", manual_cancel=target is Stage.LOSE)
    if current in MANUAL:
        return _from_manual(target, table, cancel_moves_manual)
    if target is Stage.LOSE or RANK[target] > RANK[current]:
        return SetStage(target, table.id_of(target))
    return KeepStage("назад по воронке не двигаем")


def _from_manual(target: Stage, table: StageTable, cancel_moves_manual: bool) -> SetStage | KeepStage:
    if target is Stage.LOSE and cancel_moves_manual:
        return SetStage(target, table.id_of(target))
    return KeepStage("стадию ведёт куратор", manual_cancel=target is Stage.LOSE)
