"""Курсоры филиалов в Redis."""

from datetime import datetime

from services.domain.cursor import ChangePoint
from services.store.connection import StorePart, store_errors


class RedisCursors(StorePart):
    """Курсоры; потеря безвредна: последние 7 дней прочтутся снова."""

    def load(self, branch_id: str) -> ChangePoint | None:
        """Возвращает курсор или None."""
        with store_errors():
            text = self._redis.get(self._keys.cursor(branch_id))
        if not text:
            return None
        moment, _, reception_id = str(text).partition(" ")
        return ChangePoint(datetime.fromisoformat(moment), int(reception_id))

    def save(self, branch_id: str, point: ChangePoint) -> None:
        with store_errors():
            self._redis.set(self._keys.cursor(branch_id), f"{point.at.isoformat()} {point.reception_id}")

    def reset(self, branch_id: str) -> None:
        with store_errors():
            self._redis.delete(self._keys.cursor(branch_id))
