"""Услуги и сумма записи (МАП 2.6.5, 2.6.6, 4.2.3; постановления 5 и 25)."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from services.domain.reception import OrderLine

SEPARATOR = ", "
LIMIT = 3000
KOPECK = Decimal("0.01")
MAX_AMOUNT = Decimal(10_000_000)
HUGE = MAX_AMOUNT**2


def services_text(names: Sequence[str], limit: int = LIMIT) -> str:
    """Перечисляет услуги через запятую; длинное обрезает на целой услуге с хвостом внутри предела."""
    named = [name for name in names if name]
    full = SEPARATOR.join(named)
    return full if len(full) <= limit else _truncated(named, limit)


def _truncated(names: Sequence[str], limit: int) -> str:
    shown = _fitting(names, limit)
    return SEPARATOR.join(names[:shown]) + _rest(len(names) - shown)


def _fitting(names: Sequence[str], limit: int) -> int:
    """Возвращает, сколько первых услуг помещается вместе с хвостом об остальных."""
    lengths = accumulate(len(SEPARATOR) + len(name) for name in names)
    tails = (len(_rest(len(names) - count)) for count in range(1, len(names) + 1))
    fits = (length - len(SEPARATOR) + tail <= limit for length, tail in zip(lengths, tails, strict=True))
    return max((count for count, fit in enumerate(fits, start=1) if fit), default=0)


def _rest(count: int) -> str:
    return f"... (и ещё {count} услуг)"


def total_amount(lines: Iterable[OrderLine]) -> Decimal:
    """Возвращает сумму строк: количество × цена − скидка, до копеек; может быть отрицательной."""
    total = sum((line.count * line.price - line.discount for line in lines), Decimal(0))
    # Огромное число до копеек не округлилось бы: InvalidOperation.
    return total.quantize(KOPECK, ROUND_HALF_UP) if abs(total) < HUGE else total


def amount_for_deal(total: Decimal) -> Decimal:
    """Возвращает сумму сделки: отрицательная становится нулём (МАП 2.6.6)."""
    # Не max(): он вернул бы «−0.00», и портал получил бы -0.0.
    return total if total > 0 else Decimal("0.00")
