"""Отпечаток: короткий след состояния, по которому видно, что сделка устарела (СПЕЦ 3.1.3)."""

import json
from collections.abc import Sequence
from hashlib import blake2b

from services.domain.mapping import DealDraft
from services.domain.validation import Violation


def fingerprint(value: object) -> str:
    """Возвращает отпечаток значения из строк, чисел, списков и словарей; порядок ключей не важен."""
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


def failed_mark(fingerprint: str) -> str:
    """Возвращает отпечаток состояния, которое портал не принял: пока оно то же, слать снова незачем."""
    return f"!{fingerprint}"


def is_settled(fingerprint: str) -> bool:
    """Отвечает, известно ли по отпечатку, что стоит на портале: не начато, не отказано."""
    return bool(fingerprint) and not fingerprint.startswith("!")


def draft_fingerprint(draft: DealDraft) -> str:
    """Возвращает отпечаток сделки: всё, что уходит на портал, с людьми и стадией."""
    return fingerprint([dict(draft.values), draft.target, draft.patient.full, draft.phone.value])


def refusal_fingerprint(violations: Sequence[Violation]) -> str:
    """Возвращает отпечаток отказа: меняется, когда меняется набор нарушений."""
    return fingerprint([[violation.reason, violation.message] for violation in violations])
