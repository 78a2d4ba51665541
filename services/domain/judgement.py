"""Суд над приёмом: единственное решение, что филиалу делать с прочитанной строкой."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from services.domain.branches import BranchRule, UnknownBranch, home_of, resolve_branch
from services.domain.fingerprint import draft_fingerprint, refusal_fingerprint
from services.domain.mapping import DealDraft, draft_deal
from services.domain.reception import Reception, ReceptionUid
from services.domain.validation import REQUIRED, Violation, notes, violations, warnings


@dataclass(frozen=True, slots=True)
class Ready:
    """Приём годен: сделка, её отпечаток, предупреждения (WARNING) и заметки (INFO)."""

    draft: DealDraft
    fingerprint: str
    warnings: Sequence[Violation]
    notes: Sequence[Violation] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Приём отклонён: причины и отпечаток отказа."""

    violations: Sequence[Violation]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Приём другого филиала той же базы."""


@dataclass(frozen=True, slots=True)
class Court:
    """Правила суда для филиала: соседи по базе, пояс и обязательные поля."""

    number: int
    database_id: str
    neighbours: Sequence[BranchRule]
    zone: timezone
    required: Sequence[str] = tuple(REQUIRED)

    def judge(self, reception: Reception, now: datetime) -> Ready | Refused | Foreign:
        """Решает, что филиалу делать с приёмом; ``now`` — aware."""
        try:
            owner = resolve_branch(reception, self.neighbours)
        except UnknownBranch as error:
            return self._unknown(error)
        if owner.rule.number != self.number:
            return Foreign()
        if found := violations(reception, now, self.zone, self.required):
            return refused(found)
        uid = ReceptionUid(self.number, reception.reception_id)
        draft = draft_deal(reception, uid, owner.text, self.database_id, self.zone)
        return Ready(draft, draft_fingerprint(draft), warnings(reception), notes(reception))

    def _unknown(self, error: UnknownBranch) -> Refused | Foreign:
        """О записи неизвестного филиала сообщает домашний: чтобы она была видна ровно один раз."""
        if home_of(self.neighbours).number != self.number:
            return Foreign()
        return refused((Violation(error.reason, "filial", str(error)),))


def refused(found: Sequence[Violation]) -> Refused:
    """Возвращает отказ с отпечатком."""
    return Refused(found, refusal_fingerprint(found))
