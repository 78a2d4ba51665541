"""Стадии сделки: какая нужна и можно ли на неё перейти (МАП 2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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


#: Имена стадий (МАП 2.5.1).
TITLES: Mapping[Stage, str] = {
    Stage.CONSULTATION_SCHEDULED: "Запись на консультацию",
    Stage.CONSULTATION_DONE: "Консультация проведена",
    Stage.PLAN_PRESENTATION: "Презентация плана лечения",
    Stage.WAITING_LIST: "Лист ожидания",
    Stage.PREPAYMENT_RECEIVED: "Получена предоплата",
    Stage.TREATMENT: "Лечение",
    Stage.WON: "Успешно",
    Stage.LOSE: "Не успешно",
}

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


@dataclass(frozen=True, slots=True)
class Ruling:
    """Стадия, положенная записи: какая, почему и по какому приоритету МАП 2.5.2."""

    stage: Stage
    because: str
    priority: str


def target_stage(reception: Reception) -> Stage:
    """Возвращает стадию, положенную записи (МАП 2.5.2)."""
    return ruling(reception).stage


def ruling(reception: Reception) -> Ruling:
    """Решает, какая стадия положена записи, по порядку приоритетов МАП 2.5.2."""
    if reception.canceled_at is not None:
        return Ruling(Stage.LOSE, "запись отменена", "1")
    if is_consultation(reception):
        return _consultation(reception)
    match plan_progress(reception.plan_lines):
        case PlanProgress.COMPLETED:
            return Ruling(Stage.WON, "связанные планы лечения выполнены и оплачены целиком", "3.1")
        case PlanProgress.ACTIVE:
            return Ruling(Stage.TREATMENT, "связанный план ещё не выполнен и не оплачен целиком", "3.2")
    return _treatment(reception)


def is_consultation(reception: Reception) -> bool:
    """Отвечает, есть ли среди услуг консультация: слово в любом регистре (постановление 26)."""
    return any(CONSULTATION in folded(item.service) for item in reception.lines)


def _consultation(reception: Reception) -> Ruling:
    if reception.ended_at is not None or reception.check_issued_at is not None:
        return Ruling(Stage.CONSULTATION_DONE, "консультация завершена", "2.1")
    return Ruling(Stage.CONSULTATION_SCHEDULED, "консультация ещё не завершена", "2.2")


def _treatment(reception: Reception) -> Ruling:
    marks = (
        (reception.check_issued_at, Ruling(Stage.WON, "счёт выдан", "4.1")),
        (reception.ended_at, Ruling(Stage.TREATMENT, "приём завершён, счёт ещё не выдан", "4.2")),
        (reception.started_at, Ruling(Stage.TREATMENT, "приём начат", "4.3")),
        (reception.appeared_at, Ruling(Stage.TREATMENT, "пациент пришёл", "4.4")),
    )
    default = Ruling(Stage.CONSULTATION_SCHEDULED, "приём ещё не начат", "5")
    return next((ruled for mark, ruled in marks if mark is not None), default)


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
    paragraph: str = field(default="МАП 2.5.4", compare=False)


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
        return KeepStage("сделка уже закрыта неуспешно", paragraph="МАП 2.5.4, постановление 10")
    if current is None:
        return KeepStage("стадия не из нашей таблицы", target is Stage.LOSE, "МАП 2.5.4, постановление 9")
    if current in MANUAL:
        return _from_manual(target, table, cancel_moves_manual)
    if target is Stage.LOSE or RANK[target] > RANK[current]:
        return SetStage(target, table.id_of(target))
    return KeepStage("назад по воронке не двигаем")


def _from_manual(target: Stage, table: StageTable, cancel_moves_manual: bool) -> SetStage | KeepStage:
    if target is Stage.LOSE and cancel_moves_manual:
        return SetStage(target, table.id_of(target))
    return KeepStage("стадию ведёт куратор", target is Stage.LOSE, "МАП 2.5.3, 2.5.4")
