"""Ход загрузки прошлого в Redis: прерванная продолжается с той же страницы."""

from dataclasses import asdict

from pydantic import TypeAdapter

from services.domain.outbox import BackfillProgress
from services.store.connection import StorePart, store_errors


class RedisBackfills(StorePart):
    """Загрузки прошлого по филиалам; потеря безвредна: загрузку начнут заново."""

    def load(self, branch_id: str) -> BackfillProgress | None:
        with store_errors():
            fields = self._redis.hgetall(self._keys.backfill(branch_id))
        return TypeAdapter(BackfillProgress).validate_python(fields) if fields else None

    def save(self, branch_id: str, progress: BackfillProgress) -> None:
        fields = {name: str(value) for name, value in asdict(progress).items()}
        with store_errors():
            self._redis.hset(self._keys.backfill(branch_id), mapping=fields)

    def forget(self, branch_id: str) -> None:
        with store_errors():
            self._redis.delete(self._keys.backfill(branch_id))
