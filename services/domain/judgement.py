"""Суд над приёмом: единственное решение, что филиалу делать с прочитанной строкой."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from services.domain.branches import BranchRule, Owner, resolve_branch
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
        owner = resolve_branch(reception, self.neighbours)
        if owner.rule.number != self.number:
            return Foreign()
        if found := violations(reception, now, self.zone, self.required):
            return refused(found)
        uid = ReceptionUid(self.number, reception.reception_id)
        draft = draft_deal(reception, uid, owner.text, self.database_id, self.zone)
        noticed = (*unknown_branch(owner), *warnings(reception))
        return Ready(draft, draft_fingerprint(draft), noticed, notes(reception))


def unknown_branch(owner: Owner) -> tuple[Violation, ...]:
    """Предупреждает об организации, которой нет в настройках (постановление 30)."""
    if owner.known:
        return ()
    message = (
        f"Филиал «{owner.text}» не описан в настройках: запись ушла с этим именем; "
        "добавьте его в [[branches]] или в aliases филиала"
    )
    return (Violation("branch_unknown", "filial", message),)


def refused(found: Sequence[Violation]) -> Refused:
    """Возвращает отказ с отпечатком."""
    return Refused(found, refusal_fingerprint(found))
