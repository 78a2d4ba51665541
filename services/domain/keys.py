"""Ключ записи: что переносится и чьё оно (СПЕЦ 2.4.2)."""

import re
from dataclasses import dataclass

from services.domain.errors import SkippableError

#: Буквы видов: приём — без буквы, планы пациента — P, остальные заняты добавленными сущностями.
RECEPTION, PLANS = "", "P"
KEY = re.compile(r"F([1-9][0-9]{0,3})_([A-Z]?)([1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """Ключ: ``F1_12345`` — приём, ``F1_P17`` — планы пациента, ``F1_W17`` — добавленная сущность."""

    branch: int
    letter: str
    number: int

    def __str__(self) -> str:
        return f"F{self.branch}_{self.letter}{self.number}"

    @property
    def branch_id(self) -> str:
        """Возвращает код филиала: ``F1``."""
        return f"F{self.branch}"


def parse_key(text: str) -> RecordKey:
    """Разбирает ключ записи; иное — SkippableError с причиной ``bad_uid``."""
    match = KEY.fullmatch(text)
    if match is None:
        raise _unlike(text)
    return RecordKey(int(match[1]), match[2], int(match[3]))


def parse_uid(text: str) -> RecordKey:
    """Разбирает ключ приёма; ключ другого вида — SkippableError с причиной ``bad_uid``."""
    key = parse_key(text)
    if key.letter != RECEPTION:
        raise _unlike(text)
    return key


def _unlike(text: str) -> SkippableError:
    return SkippableError(f"номер записи {text[:40]!r} не похож на F1_12345", "bad_uid")
