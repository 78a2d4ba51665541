"""Добавленная сущность: второй, третий вид записей Ident рядом с приёмами (СПЕЦ 3.5.2, ADR 0012).

Сущность — только правила: какая сделка должна быть по строке запроса. Выборку, очередь, повторы, замки,
поиск клиента и пределы портала она получает готовыми, теми же, что у приёмов.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Protocol

from services.domain.keys import RecordKey
from services.domain.mapping import DealDraft

#: Буква P занята планами, без буквы — приёмы.
LETTER = re.compile(r"[A-OQ-Z]")


@dataclass(frozen=True, slots=True)
class EntityPlace:
    """Где стоит запись: ключ, имя филиала для портала, база, часовой пояс базы."""

    key: RecordKey
    branch_text: str
    database_id: str
    zone: timezone


class Entity(Protocol):
    """Сущность: буква ключа и правило; чистая — ни ввода-вывода, ни настроек."""

    @property
    def letter(self) -> str:
        """Возвращает букву ключа, одну на всю установку: ``W``."""

    def draft(self, row: Mapping[str, object], place: EntityPlace) -> DealDraft | None:
        """Возвращает сделку по строке запроса; None — сделки быть не должно (запись закрыта).

        Негодная строка — SkippableError с причиной: запись отклонят и покажут администратору.
        """
