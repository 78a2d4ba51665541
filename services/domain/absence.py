"""Приём, пропавший из Ident: когда о нём говорить (постановление 32)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

REASON = "reception_deleted"
#: Что вписать в сделку причиной отмены.
CANCEL_REASON = "Приём удалён в Ident"


def gone(
    first_missed: Mapping[int, datetime], absent: Collection[int], now: datetime, apart: timedelta
) -> tuple[int, ...]:
    """Возвращает приёмы, которых не нашли два чтения с промежутком: одно могло и пропустить строку.

    Чтение без блокировок пропускает строки, сдвинутые чужой записью (SQL Server, ошибка 601 и её тихий вид).
    """
    return tuple(sorted(n for n in absent if n in first_missed and now - first_missed[n] >= apart))
