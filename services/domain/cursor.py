"""Курсор изменений: берётся из данных и времени базы, никогда из часов приложения (СПЕЦ 3.1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class ChangePoint:
    """Точка изменений: время в поясе базы и номер приёма."""

    at: datetime
    reception_id: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Страница изменений: точки по возрастанию (не больше 50) и время сервера базы."""

    points: Sequence[ChangePoint]
    database_now: datetime


def first_point(database_now: datetime, first_run: timedelta) -> ChangePoint:
    """Возвращает точку первого запуска: последние 7 дней (СПЕЦ 3.1.3)."""
    return ChangePoint(database_now - first_run, 0)


def resume_point(
    cursor: ChangePoint, overlap: timedelta, database_now: datetime | None = None
) -> ChangePoint:
    """Возвращает точку с нахлёстом: изменения, записанные с опозданием, прочтутся второй раз.

    Часы базы, переведённые назад, оставили курсор в будущем: отсчёт ведётся от них, а не от него.
    """
    at = cursor.at if database_now is None else min(cursor.at, database_now)
    return ChangePoint(at - overlap, 0)


def advance(cursor: ChangePoint | None, seen: Sequence[ChangePoint], database_now: datetime) -> ChangePoint:
    """Двигает курсор по прочитанному: не назад и не дальше времени базы.

    Отметка из будущего (сбитые часы одного рабочего места) не спрячет следующие изменения; курсор из
    будущего (часы сервера перевели назад) возвращается к времени базы.
    """
    ceiling = ChangePoint(database_now, 0)
    points = [*seen, *([cursor] if cursor is not None else [])]
    return max((point if point.at <= database_now else ceiling for point in points), default=ceiling)
