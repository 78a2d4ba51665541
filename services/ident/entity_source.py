"""Чтение добавленной сущности: один запрос и на изменения, и на записи по номерам."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.domain.cursor import ChangePoint
from services.ident.rows import number, required
from services.ident.source import IdentSource
from services.ports import ChangePage

#: Позже этого изменений не бывает: запрос вернёт только записи из списка номеров.
NEVER = datetime(9999, 12, 31)
NOBODY = [0]


class IdentEntitySource:
    """Записи одной сущности в одной базе: запрос даёт number, changed_at, database_now, branch и своё."""

    def __init__(self, source: IdentSource, statement: str) -> None:
        self._source, self._statement = source, statement

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 изменений строго после точки."""
        rows = self._ask(point.at, point.reception_id, NOBODY)
        points = [ChangePoint(required(row, "changed_at"), number(row, "number")) for row in rows]
        return ChangePage(points, required(rows[0], "database_now") if rows else self.now())

    def read(self, numbers: Sequence[int]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает строки по номерам (до 50); отсутствующих нет."""
        if not numbers:
            return {}
        return {number(row, "number"): row for row in self._ask(NEVER, 0, list(numbers))}

    def now(self) -> datetime:
        """Возвращает время сервера базы."""
        return self._source.now()

    def _ask(self, since: datetime, since_id: int, ids: Sequence[int]) -> list[Mapping[str, object]]:
        return self._source.ask(self._statement, since=since, since_id=since_id, ids=ids)
