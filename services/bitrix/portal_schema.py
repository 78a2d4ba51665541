"""Что должно быть на портале: поля сделки с видами, воронка и стадии с кодами, которые в неё помещаются."""

from dataclasses import dataclass
from typing import Literal

from services.domain.mapping import LABELS, FieldTable
from services.domain.stages import TITLES, Stage

PIPELINE_NAME = "Стоматология"
#: Код стадии вместе с приставкой «C<номер>:» не длиннее стольких знаков (постановление 11).
STAGE_ID_LENGTH = 22
OWN_PREFIX = "UF_CRM_"


@dataclass(frozen=True, slots=True)
class WantedField:
    """Поле сделки: имя, вид и подпись."""

    name: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class WantedStage:
    """Стадия: код без приставки, имя, цвет и группа («» — рабочая, S — успех, F — неудача)."""

    stage: Stage
    code: str
    color: str
    semantics: Literal["", "S", "F"] = ""

    @property
    def name(self) -> str:
        return TITLES[self.stage]

    def status_id(self, category_id: int) -> str:
        return f"{prefix_of(category_id)}{self.code}"


STAGES: tuple[WantedStage, ...] = (
    WantedStage(Stage.CONSULTATION_SCHEDULED, "CONSULT_SCHED", "#39A8EF"),
    WantedStage(Stage.CONSULTATION_DONE, "CONSULT_DONE", "#2FC6F6"),
    WantedStage(Stage.PLAN_PRESENTATION, "PLAN_PRESENT", "#55D0E0"),
    WantedStage(Stage.WAITING_LIST, "WAITING_LIST", "#B7A5F2"),
    WantedStage(Stage.PREPAYMENT_RECEIVED, "PREPAYMENT", "#FFA900"),
    WantedStage(Stage.TREATMENT, "TREATMENT", "#47C2A5"),
    WantedStage(Stage.WON, "WON", "#6DB42C", "S"),
    WantedStage(Stage.LOSE, "LOSE", "#E5534B", "F"),
)


def wanted_fields(table: FieldTable) -> list[WantedField]:
    """Возвращает пользовательские поля, нужные этой установке; стандартные на портале есть всегда."""
    return [
        WantedField(name, kind_of(field), LABELS[field])
        for field, name in table.names.items()
        if name.startswith(OWN_PREFIX)
    ]


def kind_of(field: str) -> str:
    """Возвращает вид поля на портале (МАП 2.2)."""
    if field.endswith("_time"):
        return "datetime"
    return "double" if field == "amount" else "string"


def prefix_of(category_id: int) -> str:
    """Возвращает приставку кодов воронки; у общей её нет."""
    return f"C{category_id}:" if category_id else ""


def directory_of(category_id: int) -> str:
    return f"DEAL_STAGE_{category_id}" if category_id else "DEAL_STAGE"
