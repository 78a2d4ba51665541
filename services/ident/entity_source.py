"""Чтение добавленной сущности: один запрос и на изменения, и на записи по номерам."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.domain.cursor import ChangePage, ChangePoint
from services.ident.rows import number
from services.ident.source import IdentSource, after, page_after

#: Позже этого изменений не бывает: запрос вернёт только записи из списка номеров.
NEVER = ChangePoint(datetime(9999, 12, 31, 23, 59, 59, 999000), 0)
NOBODY = [0]


class IdentEntitySource:
    """Записи одной сущности в одной базе: запрос даёт number, changed_at, database_now, branch и своё."""

    def __init__(self, source: IdentSource, statement: str) -> None:
        self._source, self._statement = source, statement

    def changed_after(self, point: ChangePoint) -> ChangePage:
        return page_after(point, self._ask(point, NOBODY), "number", self.now)

    def read(self, numbers: Sequence[int]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает строки по номерам (до 50); отсутствующих нет."""
        if not numbers:
            return {}
        return {number(row, "number"): row for row in self._ask(NEVER, list(numbers))}

    def now(self) -> datetime:
        return self._source.now()

    def _ask(self, point: ChangePoint, ids: Sequence[int]) -> list[Mapping[str, object]]:
        return self._source.ask(self._statement, **after(point), ids=ids)
