"""Услуги и сумма записи (МАП 2.6.5, 2.6.6, 4.2.3; постановления 5 и 25)."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from services.domain.reception import OrderLine

SEPARATOR = ", "
LIMIT = 3000
KOPECK = Decimal("0.01")
MAX_AMOUNT = Decimal(10_000_000)


def services_text(names: Sequence[str], limit: int = LIMIT) -> str:
    """Перечисляет услуги через запятую; длинное обрезает на целой услуге с хвостом внутри предела."""
    full = SEPARATOR.join(names)
    if len(full) <= limit:
        return full
    return _truncated(names, limit)


def _truncated(names: Sequence[str], limit: int) -> str:
    shown = _fitting(names, limit)
    text = SEPARATOR.join(names[:shown])
    return (text + _rest(len(names) - shown)).lstrip() if shown else _rest(len(names))[:limit]


def _fitting(names: Sequence[str], limit: int) -> int:
    """Возвращает, сколько первых услуг помещается вместе с хвостом об остальных."""
    length, fitting = -len(SEPARATOR), 0
    for count, name in enumerate(names, start=1):
        length += len(SEPARATOR) + len(name)
        if length > limit:
            break
        if length + len(_rest(len(names) - count)) <= limit:
            fitting = count
    return fitting


def _rest(count: int) -> str:
    return f"... (и ещё {count} услуг)"


def total_amount(lines: Iterable[OrderLine]) -> Decimal:
    """Возвращает сумму строк: количество × цена − скидка, до копеек; может быть отрицательной."""
    total = sum((line.count * line.price - line.discount for line in lines), Decimal(0))
    return total.quantize(KOPECK, ROUND_HALF_UP)


def amount_for_deal(total: Decimal) -> Decimal:
    """Возвращает сумму сделки: отрицательная становится нулём (МАП 2.6.6)."""
    return max(total, Decimal("0.00"))
