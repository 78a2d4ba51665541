"""Ход загрузки прошлого в Redis: прерванная продолжается с той же страницы."""

from datetime import datetime

from services.ports import BackfillProgress
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys


class RedisBackfills:
    """Загрузки прошлого по филиалам; потеря безвредна: загрузку начнут заново."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    def load(self, branch_id: str) -> BackfillProgress | None:
        with store_errors():
            fields = self._redis.hgetall(self._keys.backfill(branch_id))
        if not fields:
            return None
        return BackfillProgress(
            since=datetime.fromisoformat(fields["since"]),
            until=datetime.fromisoformat(fields["until"]),
            after_id=int(fields["after_id"]),
            read=int(fields["read"]),
            queued=int(fields["queued"]),
            total=int(fields["total"]),
            done=fields["done"] == "1",
        )

    def save(self, branch_id: str, progress: BackfillProgress) -> None:
        fields = {
            "since": progress.since.isoformat(),
            "until": progress.until.isoformat(),
            "after_id": progress.after_id,
            "read": progress.read,
            "queued": progress.queued,
            "total": progress.total,
            "done": int(progress.done),
        }
        with store_errors():
            self._redis.hset(self._keys.backfill(branch_id), mapping=fields)

    def forget(self, branch_id: str) -> None:
        with store_errors():
            self._redis.delete(self._keys.backfill(branch_id))
