"""Решение о записи: годна, отклонена, чужая; для приёма — по правилам его филиала (МАП 4, СПЕЦ 2.4.1.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from traceback import extract_tb
from typing import Generic, TypeVar

from services.domain.branches import BranchRule, Owner, owner_named
from services.domain.errors import SkippableError
from services.domain.fingerprint import draft_fingerprint, refusal_fingerprint
from services.domain.keys import RECEPTION, RecordKey
from services.domain.mapping import DealDraft, draft_deal
from services.domain.reception import Reception, branch_name
from services.domain.validation import REQUIRED, Violation, notes, violations, warnings

Draft_co = TypeVar("Draft_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Ready(Generic[Draft_co]):
    """Запись годна: что должно стоять на портале, отпечаток, предупреждения (WARNING), заметки (INFO).

    ``near`` — её ждут сегодня: в очереди она впереди прошлого и далёкого.
    """

    draft: Draft_co
    fingerprint: str
    warnings: Sequence[Violation] = ()
    notes: Sequence[Violation] = ()
    near: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Запись отклонена: причины и отпечаток отказа."""

    violations: Sequence[Violation]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Запись не наша: её ведёт другой филиал той же базы, или сделки у неё быть не должно."""


Verdict = Ready[object] | Refused | Foreign


@dataclass(frozen=True, slots=True)
class Rules:
    """Правила филиала: соседи по базе, пояс и обязательные поля."""

    number: int
    database_id: str
    neighbours: Sequence[BranchRule]
    zone: timezone
    required: Sequence[str] = tuple(REQUIRED)

    @property
    def branch_id(self) -> str:
        """Возвращает код филиала: ``F1``."""
        return f"F{self.number}"

    def judge(self, reception: Reception, now: datetime) -> Ready[DealDraft] | Refused | Foreign:
        """Решает, что филиалу делать с приёмом; ``now`` — aware."""
        owner = self.owner(branch_name(reception))
        if owner is None:
            return Foreign()
        if found := violations(reception, now, self.zone, self.required):
            return refused(found)
        key = RecordKey(self.number, RECEPTION, reception.reception_id)
        draft = draft_deal(reception, key, owner.text, self.database_id, self.zone)
        noticed = (*unknown_branch(owner), *warnings(reception))
        near = is_near(reception.plan_start, now.astimezone(self.zone))
        return Ready(draft, draft_fingerprint(draft), noticed, notes(reception), near)

    def owner(self, name: str) -> Owner | None:
        """Возвращает владельца записи по имени филиала в Ident, если это мы."""
        owner = owner_named(name, self.neighbours)
        return owner if owner.rule.number == self.number else None


def is_near(start: datetime | None, now: datetime) -> bool:
    """Отвечает, начинается ли приём вчера, сегодня или завтра; ``start`` и ``now`` — в поясе филиала."""
    return start is not None and abs(start.date() - now.date()) <= timedelta(days=1)


def unknown_branch(owner: Owner) -> tuple[Violation, ...]:
    """Предупреждает об организации, которой нет в настройках (постановление 30)."""
    if owner.known:
        return ()
    message = (
        f"Филиал «{owner.text}» не описан в настройках: запись ушла с этим именем; "
        "свой — назовите его в настройках филиала (aliases)"
    )
    return (Violation("branch_unknown", "filial", message),)


def refused(found: Sequence[Violation]) -> Refused:
    return Refused(found, refusal_fingerprint(found))


def judged(judge: Callable[[], Verdict]) -> Verdict:
    """Спрашивает правило; всякая его ошибка — отказ одной записи, остальные идут дальше (СПЕЦ 2.4.1.3)."""
    try:
        return judge()
    except SkippableError as error:
        return refused((Violation(error.reason, "record", str(error)),))
    except Exception as error:
        return failed_rule(error)


def failed_rule(error: Exception) -> Refused:
    """Возвращает отказ записи, на которой споткнулась программа; текста ошибки в нём нет: там бывают люди."""
    last = extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__}, {Path(last.filename).name}:{last.lineno}"
    message = f"Программа не разобрала запись ({place}): проверьте её в Ident и сообщите разработчику"
    return refused((Violation("rule_failed", "record", message),))
