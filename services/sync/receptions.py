"""Лента приёмов: приём Ident → сделка портала (МАП 2.3)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from services.domain.branches import possible_uids
from services.domain.cursor import ChangePage, ChangePoint
from services.domain.judgement import Rules, Verdict
from services.domain.keys import RECEPTION
from services.domain.outbox import Claim, Link
from services.domain.reception import Reception
from services.ports import ReceptionSource
from services.sync.deals import Deals
from services.sync.feed import Attempt, Delivered, Outcome

#: Кому сказать о сделке, в которой ещё нет снимка планов: пациент и время.
NewDeal = Callable[[int], object]


class ReceptionFeed:
    """Приёмы одного филиала."""

    letter, counted = RECEPTION, ""

    def __init__(self, rules: Rules, source: ReceptionSource, deals: Deals, new_deal: NewDeal) -> None:
        self.rules, self.source, self._deals, self._new_deal = rules, source, deals, new_deal

    @property
    def name(self) -> str:
        """Возвращает имя ленты: код филиала."""
        return self.rules.branch_id

    def now(self) -> datetime:
        return self.source.now()

    def changed(self, point: ChangePoint) -> ChangePage:
        return self.source.changed_after(point)

    def planned(self, since: datetime, until: datetime, after: int) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов с началом в [since, until), больших ``after``."""
        return self.source.planned_between(since, until, after)

    def read(self, numbers: Sequence[int]) -> Mapping[int, Reception]:
        return {reception.reception_id: reception for reception in self.source.read(numbers)}

    def judge(self, number: int, row: Reception, now: datetime) -> Verdict:
        return self.rules.judge(row, now)

    def existing(self, numbers: Sequence[int]) -> Collection[int]:
        return self.source.existing(numbers)

    def cancel(self, claim: Claim, deal_id: int) -> None:
        self._deals.cancel(claim, deal_id)

    def strayed(self, linked: Mapping[int, Link]) -> Mapping[int, Link]:
        """Возвращает, что помнить о приёмах, чьих сделок больше нет или чей ключ в сделке стёрт."""
        return self._deals.strayed(linked, self.uids)

    def deliver(self, attempt: Attempt) -> Delivered:
        """Приводит сделку к состоянию приёма; новой сделке заказывает снимок планов."""
        delivered = self._deals.deliver(attempt, self.uids(attempt.key.number))
        if attempt.known_deal is None or delivered.outcome is Outcome.CREATED:
            # До того, как запись забудется: сделка могла быть создана и прежней, прерванной попыткой.
            self._new_deal(attempt.key.number)
        return delivered

    def uids(self, number: int) -> Sequence[str]:
        """Возвращает все ключи, под которыми приём мог попасть на портал, свой первым (постановление 3)."""
        return possible_uids(
            number, sorted(self.rules.neighbours, key=lambda rule: rule.number != self.rules.number)
        )
