"""Память о доставленном и отклонённом в Redis; людей в ней нет, телефоны — только оттисками."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from services.ports import Link, Rejection
from services.store.connection import RedisClient, store_errors
from services.store.keys import Keys, branch_of


class RedisLinks:
    """Память о записях филиалов; потеря безвредна: сделка найдётся по ключу."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    def get(self, uids: Sequence[str]) -> Mapping[str, Link]:
        """Возвращает известное о записях."""
        known: dict[str, Link] = {}
        for branch_id, group in groupby(sorted(uids, key=branch_of), key=branch_of):
            known.update(self._get(branch_id, list(group)))
        return known

    def _get(self, branch_id: str, uids: list[str]) -> Mapping[str, Link]:
        with store_errors():
            found = self._redis.hmget(self._keys.links(branch_id), uids)
        return {uid: _link(text) for uid, text in zip(uids, found, strict=True) if text}

    def save(self, uid: str, link: Link) -> None:
        """Запоминает итог записи."""
        text = f"{link.fingerprint} {link.deal_id or ''}"
        with store_errors():
            self._redis.hset(self._keys.links(branch_of(uid)), uid, text)

    def contact(self, token: str) -> int | None:
        """Возвращает номер недавно созданного контакта."""
        with store_errors():
            found = self._redis.get(self._keys.contact(token))
        return int(str(found)) if found else None

    def remember_contact(self, token: str, contact_id: int, ttl: timedelta) -> None:
        """Запоминает созданный контакт на время."""
        with store_errors():
            self._redis.set(self._keys.contact(token), contact_id, px=ttl)

    def reject(self, rejection: Rejection) -> None:
        """Добавляет запись в отклонённые."""
        text = json.dumps([rejection.reason, rejection.message, rejection.at.isoformat()], ensure_ascii=False)
        with store_errors():
            self._redis.hset(self._keys.rejections(branch_of(rejection.uid)), rejection.uid, text)

    def accept(self, uid: str) -> None:
        """Убирает запись из отклонённых."""
        with store_errors():
            self._redis.hdel(self._keys.rejections(branch_of(uid)), uid)

    def rejections(self, branch_id: str) -> Sequence[Rejection]:
        """Возвращает отклонённые записи, новые первыми."""
        with store_errors():
            found = self._redis.hgetall(self._keys.rejections(branch_id))
        rows = [_rejection(uid, text) for uid, text in found.items()]
        return sorted(rows, key=lambda row: (row.at, row.uid), reverse=True)

    def reset(self, branch_id: str) -> None:
        """Забывает всё о филиале."""
        with store_errors():
            self._redis.delete(self._keys.links(branch_id), self._keys.rejections(branch_id))


def _link(text: str) -> Link:
    fingerprint, _, deal_id = text.partition(" ")
    return Link(fingerprint, int(deal_id) if deal_id else None)


def _rejection(uid: str, text: str) -> Rejection:
    reason, message, moment = json.loads(text)
    return Rejection(uid, reason, message, datetime.fromisoformat(moment))
