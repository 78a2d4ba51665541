"""Значения полей: как портал принимает, хранит и отдаёт их.

Храним просто: целые и дробные числа, строки, моменты — текстом ISO в UTC (сравнивается как строка).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from demo.portal.php import php_int, php_list, php_str

DROP = object()
"""Знак «значение отброшено молча» — так делает портал с нечитаемыми датами."""

_TRUE = {"Y", "1", "TRUE"}
_SHORT_DATE = re.compile(r"^(\d{2})\.(\d{2})\.(\d{4})(.*)$")


class ValueCodec:
    """Перевод значений между REST и хранилищем в часовом поясе портала."""

    def __init__(self, utc_offset_hours: int) -> None:
        self.zone = timezone(timedelta(hours=utc_offset_hours))

    def stored(self, kind: str, raw: Any) -> Any:
        """Возвращает хранимое значение или DROP."""
        match kind:
            case "integer" | "user":
                return None if raw in (None, "") else php_int(raw)
            case "double":
                return _number(raw)
            case "char":
                return "Y" if _truth(raw) else "N"
            case "boolean":
                return None if raw in (None, "") else int(_truth(raw))
            case "datetime":
                return self._moment(raw)
            case "date":
                return self._day(raw)
        return DROP if isinstance(raw, (dict, list)) else php_str(raw) or None

    def stored_many(self, kind: str, raw: Any) -> list[Any]:
        """Возвращает хранимые значения множественного поля."""
        values = [self.stored(kind, item) for item in php_list(raw)]
        return [value for value in values if value is not DROP and value is not None]

    def legacy(self, kind: str, value: Any) -> Any:
        """Возвращает значение для crm.deal.*: всё строками, даты со смещением портала."""
        if isinstance(value, list):
            return [self.legacy(kind, item) for item in value]
        if value is None:
            return None
        if kind == "double":
            return f"{value:.2f}"
        return self._dated(kind, value) if kind in ("datetime", "date") else str(value)

    def universal(self, kind: str, value: Any) -> Any:
        """Возвращает значение для crm.item.*: числа числами."""
        if isinstance(value, list):
            return [self.universal(kind, item) for item in value]
        if kind == "double" and isinstance(value, float) and value.is_integer():
            return int(value)
        return self._dated(kind, value) if kind in ("datetime", "date") and value else value

    def moment(self, timestamp: float) -> str:
        """Возвращает момент Unix текстом хранилища."""
        return datetime.fromtimestamp(int(timestamp), UTC).isoformat()

    def shown(self, timestamp: float) -> str:
        """Возвращает момент Unix в поясе портала."""
        return datetime.fromtimestamp(int(timestamp), self.zone).isoformat()

    def _dated(self, kind: str, value: str) -> str:
        if kind == "date":
            return datetime.combine(date.fromisoformat(value), datetime.min.time(), self.zone).isoformat()
        return datetime.fromisoformat(value).astimezone(self.zone).isoformat()

    def _moment(self, raw: Any) -> Any:
        if raw in (None, ""):
            return None
        parsed = _parsed(raw, self.zone)
        return DROP if parsed is None else parsed.astimezone(UTC).replace(microsecond=0).isoformat()

    def _day(self, raw: Any) -> Any:
        if raw in (None, ""):
            return None
        parsed = _parsed(raw, self.zone)
        return DROP if parsed is None else parsed.date().isoformat()


def _parsed(raw: Any, zone: timezone) -> datetime | None:
    text = _SHORT_DATE.sub(r"\3-\2-\1\4", php_str(raw).strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _truth(raw: Any) -> bool:
    return php_str(raw).upper() in _TRUE


def _number(raw: Any) -> Any:
    if raw in (None, ""):
        return None
    match = re.match(r"\s*[+-]?\d+(?:[.,]\d+)?", php_str(raw))
    return round(float(match.group().replace(",", ".")), 4) if match else 0.0
