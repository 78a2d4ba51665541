"""Добавленная сущность: второй, третий вид записей Ident рядом с приёмами (СПЕЦ 3.5.2, ADR 0012).

Сущность — только правила: какая сделка должна быть по строке запроса. Выборку, очередь, повторы, замки,
поиск клиента и пределы портала она получает готовыми, теми же, что у приёмов.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Protocol

from services.domain.errors import SkippableError
from services.domain.mapping import DealDraft

#: Буква P занята планами, без буквы — приёмы.
LETTER = re.compile(r"[A-OQ-Z]")
KEY = re.compile(r"(F[1-9][0-9]{0,3})_([A-OQ-Z])([1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class EntityKey:
    """Ключ записи добавленной сущности: ``F1_W17`` — филиал, буква сущности, номер в базе."""

    branch_id: str
    letter: str
    number: int

    def __str__(self) -> str:
        return f"{self.branch_id}_{self.letter}{self.number}"


def is_entity_key(uid: str) -> bool:
    """Отвечает, запись ли это добавленной сущности."""
    return KEY.fullmatch(uid) is not None


def parse_entity_key(uid: str) -> EntityKey:
    """Разбирает ``F1_W17``; иное — SkippableError с причиной ``bad_uid``."""
    match = KEY.fullmatch(uid)
    if match is None:
        raise SkippableError(f"ключ {uid[:40]!r} не похож на F1_W17", "bad_uid")
    return EntityKey(match[1], match[2], int(match[3]))


@dataclass(frozen=True, slots=True)
class EntityPlace:
    """Где стоит запись: ключ, имя филиала для портала, база, часовой пояс базы."""

    key: EntityKey
    branch_text: str
    database_id: str
    zone: timezone


class Entity(Protocol):
    """Сущность: буква ключа и правило; чистая — ни ввода-вывода, ни настроек."""

    @property
    def letter(self) -> str:
        """Возвращает букву ключа, одну на всю установку: ``W``."""
        ...

    def draft(self, row: Mapping[str, object], place: EntityPlace) -> DealDraft | None:
        """Возвращает сделку по строке запроса; None — сделки быть не должно (запись закрыта).

        Негодная строка — SkippableError с причиной: запись отклонят и покажут администратору.
        """
        ...
