"""Приёмка: из прочитанного отбирает то, чего ещё нет на портале, и ставит в очередь отправки (СПЕЦ 3.1.3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from services.domain.errors import RetriableError
from services.domain.judgement import Foreign, Ready, Refused, Verdict, failed_rule, judged
from services.domain.outbox import Link, Rejection
from services.sync.feed import Feed, Hints, Work, is_stale, uid_of
from services.sync.gathering import Gathering


class Intake:
    """Отбор изменившихся записей одной ленты по отпечаткам."""

    def __init__(self, feed: Feed, work: Work) -> None:
        self.feed, self._work = feed, work
        self._gathering = Gathering[Any](self._read)

    def take(self, numbers: Sequence[int]) -> Hints:
        """Читает записи (до 50), ставит изменившиеся в очередь; возвращает, кому нужна подсказка."""
        if not numbers:
            return {}
        feed, store, now = self.feed, self._work.store, self._work.clock.now()
        verdicts = {uid_of(feed, number): verdict for number, verdict in self.verdicts(numbers, now).items()}
        known = store.links.get(list(verdicts))
        store.stats.count(feed.rules.branch_id, f"{feed.counted}read", now, len(verdicts))
        stale = [
            uid for uid, verdict in verdicts.items() if self._is_stale(uid, verdict, known.get(uid), now)
        ]
        store.links.accept([uid for uid, verdict in verdicts.items() if isinstance(verdict, Foreign)])
        queued = store.outbox.put(stale, now, self._work.settings.sync.hint_timeout)
        for uid in queued:
            self._work.journal.info("record_queued", reception=uid)
        ready = {uid for uid, verdict in verdicts.items() if isinstance(verdict, Ready) and verdict.near}
        return {uid: uid in ready for uid in queued}

    def verdicts(self, numbers: Sequence[int], now: datetime) -> Mapping[int, Verdict]:
        """Читает записи и решает судьбу каждой; ошибка программы на одной — отказ ей одной."""
        return {number: self._judged(number, row, now) for number, row in self._read(numbers).items()}

    def verdict(self, number: int, now: datetime) -> Verdict | None:
        """Читает одну запись вместе с теми, о ком спросили тогда же, и решает её судьбу; None — её нет."""
        found = self._gathering.ask(number)
        return self._judged(number, found[number], now) if number in found else None

    def _judged(self, number: int, row: Any, now: datetime) -> Verdict:
        return row if isinstance(row, Refused) else judged(partial(self.feed.judge, number, row, now))

    def refuse(self, uid: str, refused: Refused, link: Link | None, now: datetime) -> None:
        """Заносит запись в отклонённые с причинами для администратора (МАП 4.1, постановление 29)."""
        reason = ", ".join(dict.fromkeys(violation.reason for violation in refused.violations))
        message = "; ".join(violation.message for violation in refused.violations)
        links = self._work.store.links
        links.save(uid, Link(refused.fingerprint, link.deal_id if link else None), now)
        links.reject(Rejection(uid, reason, message, now))
        self._work.store.stats.count(self.feed.rules.branch_id, f"{self.feed.counted}rejected", now)
        self._work.journal.warning("reception_rejected", reception=uid, reason=reason, message=message)

    def _is_stale(self, uid: str, verdict: Verdict, link: Link | None, now: datetime) -> bool:
        match verdict:
            case Ready(fingerprint=fingerprint):
                return is_stale(link, fingerprint)
            case Refused() as refused if link is None or link.fingerprint != refused.fingerprint:
                self.refuse(uid, refused, link, now)
        return False

    def _read(self, numbers: Sequence[int]) -> Mapping[int, Any]:
        """Читает строки; сорвалось чтение страницы — читает по одной, негодная не держит остальных."""
        try:
            return self.feed.read(numbers)
        except RetriableError:
            raise
        except Exception as error:
            if len(numbers) == 1:
                return {numbers[0]: failed_rule(error)}
            return {number: row for one in numbers for number, row in self._read([one]).items()}
