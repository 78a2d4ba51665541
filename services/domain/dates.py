"""Даты: ISO 8601 для портала, русский вид для названия, допустимые пределы (МАП 2.4, 2.6.1, 4.2.2)."""

from datetime import datetime, timezone

YEARS_AHEAD, YEARS_BACK = 1, 10


def to_iso(moment: datetime, zone: timezone) -> str:
    """Возвращает время базы в виде 2024-12-30T10:00:00+03:00, до секунд."""
    return moment.replace(tzinfo=zone, microsecond=0).isoformat()


def title_time(moment: datetime) -> str:
    """Возвращает время в виде 30.12.2024 10:00."""
    return moment.strftime("%d.%m.%Y %H:%M")


def shift_years(moment: datetime, years: int) -> datetime:
    """Сдвигает на целые годы; 29 февраля становится 28-м."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)


def too_far_ahead(start: datetime, now: datetime, zone: timezone) -> bool:
    """Отвечает, начинается ли приём больше чем через год."""
    return start.replace(tzinfo=zone) > shift_years(now, YEARS_AHEAD)


def too_far_back(start: datetime, now: datetime, zone: timezone) -> bool:
    """Отвечает, начался ли приём больше десяти лет назад."""
    return start.replace(tzinfo=zone) < shift_years(now, -YEARS_BACK)
