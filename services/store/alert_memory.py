"""Память об уведомлениях в Redis: по ней повод не повторяется чаще раза в час."""

import json
from collections.abc import Mapping
from datetime import datetime

from services.domain.notices import Memory
from services.store.connection import StorePart, store_errors


class RedisAlertMemory(StorePart):
    """Память об уведомлениях; её потеря стоит одного лишнего письма."""

    def load(self) -> Mapping[str, Memory]:
        with store_errors():
            found = self._redis.hgetall(self._keys.alerts())
        return {key: _memory(text) for key, text in found.items()}

    def save(self, memory: Mapping[str, Memory]) -> None:
        key = self._keys.alerts()
        with store_errors():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.delete(key)
            if memory:
                pipeline.hset(key, mapping={cause: _text(known) for cause, known in memory.items()})
            pipeline.execute()


def _text(known: Memory) -> str:
    row = [known.title, known.sent_at.isoformat(), known.seen_at.isoformat(), known.raised]
    return json.dumps(row, ensure_ascii=False)


def _memory(text: str) -> Memory:
    title, sent_at, seen_at, raised = json.loads(text)
    return Memory(title, datetime.fromisoformat(sent_at), datetime.fromisoformat(seen_at), bool(raised))
