"""Память о доставленном и отклонённом в Redis; людей в ней нет, телефоны — только оттисками.

Память о записи лежит под её базой и номером: приём, побывавший у соседа, помнится таким, каким его доставили
последним. Давно не тронутое забывается: забытая сделка найдётся на портале по ключу.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from services.domain.outbox import Link, Rejection
from services.store.connection import StorePart, store_errors
from services.store.keys import branch_of

#: Дольше окна сверки (неделя назад, 90 дней вперёд): пока приём в нём, он помнится.
KEEP_LINKS, KEEP_REJECTIONS = timedelta(days=180), timedelta(days=120)
SCAN, PAGE = 500, 50


class RedisLinks(StorePart):
    """Память о записях; потеря безвредна: сделка найдётся по ключу (ADR 0002)."""

    def get(self, uids: Sequence[str]) -> Mapping[str, Link]:
        known: dict[str, Link] = {}
        for branch_id, group in groupby(sorted(uids, key=branch_of), key=branch_of):
            known.update(self._get(branch_id, list(group)))
        return known

    def _get(self, branch_id: str, uids: list[str]) -> Mapping[str, Link]:
        with store_errors():
            found = self._redis.hmget(self._keys.links(branch_id), [_rest(uid) for uid in uids])
        return {uid: _link(text) for uid, text in zip(uids, found, strict=True) if text}

    def save(self, uid: str, link: Link, now: datetime) -> None:
        with store_errors():
            self._redis.hset(self._keys.links(branch_of(uid)), _rest(uid), _written(link, now))

    def learn(self, uid: str, deal_id: int, now: datetime) -> None:
        """Помнит сделку записи, о которой не помнится ничего: доставка, успевшая раньше, знает больше."""
        with store_errors():
            self._redis.hsetnx(self._keys.links(branch_of(uid)), _rest(uid), _written(Link("", deal_id), now))

    def delivered(self, branch_id: str) -> Iterator[Sequence[int]]:
        """Выдаёт пачками до 50 номера приёмов базы, у которых есть сделка."""
        with store_errors():
            rows = list(self._redis.hscan_iter(self._keys.links(branch_id), count=SCAN))
        numbers = sorted(int(field) for field, text in rows if field.isdigit() and _link(text).deal_id)
        for start in range(0, len(numbers), PAGE):
            yield numbers[start : start + PAGE]

    def absent(self, branch_id: str) -> Mapping[int, datetime]:
        """Возвращает приёмы, которых не нашли в базе, и с каких пор."""
        with store_errors():
            found = self._redis.hgetall(self._keys.absent(branch_id))
        return {int(number): datetime.fromisoformat(at) for number, at in found.items()}

    def miss(self, branch_id: str, numbers: Sequence[int], now: datetime) -> None:
        if numbers:
            with store_errors():
                at = dict.fromkeys(map(str, numbers), now.isoformat())
                self._redis.hset(self._keys.absent(branch_id), mapping=at)

    def welcome(self, branch_id: str, numbers: Sequence[int]) -> None:
        """Забывает, что приёмов не находили: они снова есть."""
        if numbers:
            with store_errors():
                self._redis.hdel(self._keys.absent(branch_id), *map(str, numbers))

    def contact(self, token: str) -> int | None:
        """Возвращает номер контакта, недавно созданного для телефона (по его оттиску)."""
        with store_errors():
            found = self._redis.get(self._keys.contact(token))
        return int(str(found)) if found else None

    def remember_contact(self, token: str, contact_id: int, ttl: timedelta) -> None:
        with store_errors():
            self._redis.set(self._keys.contact(token), contact_id, px=ttl)

    def reject(self, rejection: Rejection) -> None:
        """Добавляет запись в отклонённые (или заменяет причину)."""
        text = json.dumps([rejection.reason, rejection.message, rejection.at.isoformat()], ensure_ascii=False)
        with store_errors():
            self._redis.hset(self._keys.rejections(branch_of(rejection.uid)), rejection.uid, text)

    def accept(self, uids: Iterable[str]) -> None:
        for branch_id, group in groupby(sorted(uids, key=branch_of), key=branch_of):
            with store_errors():
                self._redis.hdel(self._keys.rejections(branch_id), *group)

    def rejections(self, branch_id: str) -> Sequence[Rejection]:
        """Возвращает отклонённые записи филиала, новые первыми."""
        with store_errors():
            found = self._redis.hgetall(self._keys.rejections(branch_id))
        rows = [_rejection(uid, text) for uid, text in found.items()]
        return sorted(rows, key=lambda row: (row.at, row.uid), reverse=True)

    def prune(self, branch_id: str, now: datetime) -> int:
        """Забывает давно не тронутое; возвращает, сколько."""
        key, oldest = self._keys.links(branch_id), _day(now - KEEP_LINKS)
        with store_errors():
            rows = self._redis.hscan_iter(key, count=SCAN)
            stale = [field for field, text in rows if int(text.split(" ")[2]) < oldest]
        old = [row.uid for row in self.rejections(branch_id) if row.at < now - KEEP_REJECTIONS]
        for start in range(0, len(stale), SCAN):
            with store_errors():
                self._redis.hdel(key, *stale[start : start + SCAN])
        self.accept(old)
        return len(stale) + len(old)

    def reset(self, branch_id: str) -> None:
        """Забывает отклонённые филиала и доставленное его базы."""
        with store_errors():
            keys = self._keys
            self._redis.delete(*(name(branch_id) for name in (keys.links, keys.absent, keys.rejections)))


def _rest(uid: str) -> str:
    return uid.partition("_")[2]


def _written(link: Link, now: datetime) -> str:
    return f"{link.fingerprint} {link.deal_id or ''} {_day(now)}"


def _day(moment: datetime) -> int:
    return moment.toordinal()


def _link(text: str) -> Link:
    fingerprint, deal_id, _ = text.split(" ")
    return Link(fingerprint, int(deal_id) if deal_id else None)


def _rejection(uid: str, text: str) -> Rejection:
    reason, message, moment = json.loads(text)
    return Rejection(uid, reason, message, datetime.fromisoformat(moment))
