"""Ключ снимка планов в очереди отправки: ``F1_P17`` — планы пациента 17 филиала F1."""

import re
from dataclasses import dataclass

from services.domain.errors import SkippableError

KEY = re.compile(r"(F[1-9][0-9]{0,3})_P([1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Чьи планы: филиал, который пишет снимок, и номер пациента в его базе."""

    branch_id: str
    patient_id: int

    def __str__(self) -> str:
        return f"{self.branch_id}_P{self.patient_id}"


def is_plan_key(uid: str) -> bool:
    """Отвечает, снимок ли это, а не приём."""
    return KEY.fullmatch(uid) is not None


def parse_plan_key(uid: str) -> PlanKey:
    """Разбирает ``F1_P17``; иное — SkippableError с причиной ``bad_uid``."""
    match = KEY.fullmatch(uid)
    if match is None:
        raise SkippableError(f"ключ {uid[:40]!r} не похож на F1_P17", "bad_uid")
    return PlanKey(match[1], int(match[2]))
