"""Приёмы, удалённые в Ident физически: сделка осталась, а выборке не от чего узнать (постановление 32)."""

from collections.abc import Sequence

from services.domain.absence import REASON, gone
from services.domain.branches import home_of
from services.domain.keys import RECEPTION
from services.domain.outbox import Rejection
from services.sync.feed import Feed, Work, uid_of


class Absence:
    """Перекличка доставленных приёмов одной базы: ведёт её домашний филиал."""

    def __init__(self, feed: Feed, work: Work) -> None:
        self._feed, self._work = feed, work

    def call(self) -> Sequence[str]:
        """Ищет доставленные приёмы в базе; пропавших называет, с настройкой cancel ставит в очередь."""
        rules, store, now = self._feed.rules, self._work.store, self._work.clock.now()
        if self._feed.letter != RECEPTION or home_of(rules.neighbours).number != rules.number:
            return ()
        first, told = store.links.absent(rules.branch_id), self._told()
        lost: list[int] = []
        for numbers in store.links.delivered(rules.branch_id):
            present = set(self._feed.existing(numbers))
            absent = [number for number in numbers if number not in present]
            store.links.miss(rules.branch_id, [number for number in absent if number not in first], now)
            self._welcome([number for number in numbers if number in present and number in first])
            lost += gone(first, absent, now, self._work.settings.sync.interval)
        fresh = [uid for number in lost if (uid := uid_of(self._feed, number)) not in told]
        for uid in fresh:
            self._report(uid)
        if self._work.settings.rules.deleted_receptions == "report" or not fresh:
            return ()
        return store.outbox.put(fresh, now, self._work.settings.sync.hint_timeout)

    def _told(self) -> set[str]:
        rejections = self._work.store.links.rejections(self._feed.rules.branch_id)
        return {found.uid for found in rejections if found.reason == REASON}

    def _welcome(self, numbers: Sequence[int]) -> None:
        self._work.store.links.welcome(self._feed.rules.branch_id, numbers)
        self._work.store.links.accept([uid_of(self._feed, number) for number in numbers])

    def _report(self, uid: str) -> None:
        store, now = self._work.store, self._work.clock.now()
        link = store.links.get([uid]).get(uid)
        deal_id = link.deal_id if link is not None else None
        message = f"Приёма больше нет в базе Ident; его сделка на портале — {deal_id}"
        store.links.reject(Rejection(uid, REASON, message, now))
        self._work.journal.warning(REASON, reception=uid, deal=deal_id)
