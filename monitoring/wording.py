"""Слова и числа страницы: время, длительность, склонения."""

from datetime import datetime, timedelta, tzinfo

from services.domain.alarms import spell

PRODUCT = "Ident → Битрикс24"


def plural(count: int, one: str, few: str, many: str) -> str:
    """Возвращает число со словом: 1 запись, 3 записи, 15 записей."""
    tens, units = count % 100, count % 10
    word = many if 11 <= tens <= 14 else one if units == 1 else few if 2 <= units <= 4 else many
    return f"{number(count)} {word}"


def records(count: int) -> str:
    return plural(count, "запись", "записи", "записей")


def number(value: float, digits: int = 0) -> str:
    """Возвращает число по-русски: пробел между тысячами, запятая."""
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace(".", ",")


def ago(moment: datetime | None, now: datetime) -> str:
    """Возвращает, как давно: «40 с назад»."""
    return f"{spell(now - moment)} назад" if moment is not None else "ещё не было"


def within(moment: datetime, now: datetime) -> str:
    """Возвращает, как скоро: «через 4 мин»; срок уже пришёл — «сейчас»."""
    return f"через {spell(moment - now)}" if moment - now >= timedelta(seconds=1) else "сейчас"


def clock(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Возвращает время; не сегодняшнее — с датой."""
    local = moment.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M:%S}" if same_day else f"{local:%d.%m %H:%M}"
