"""Сверка: всё окно ленты против доставленного по отпечаткам (СПЕЦ 3.1.3).

Находит то, что не двигает отметок времени: строку заказа, выполненную строку плана, переименованную услугу,
пропущенное изменение, сделку, удалённую с портала руками.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime

from services.domain.errors import FatalError, RetriableError
from services.sync.absence import Absence
from services.sync.extract import PATIENCE
from services.sync.feed import Hints, Work, uid_of
from services.sync.intake import Intake


class Reconcile:
    """Сверка одной ленты за окно [−7 дней, +90 дней] от времени базы."""

    def __init__(self, intake: Intake, work: Work) -> None:
        self._intake, self._feed, self._work = intake, intake.feed, work

    def packets(self) -> Generator[Hints, None, None]:
        """Выдаёт пакеты ключей, чьи сделки разошлись с Ident или исчезли с портала."""
        now, sync = self._feed.now(), self._work.settings.sync
        yield from self.window(now - sync.reconcile_back, now + sync.reconcile_ahead)

    def window(self, since: datetime, until: datetime) -> Iterator[Hints]:
        """Сверяет записи окна [since, until); времена — в поясе базы."""
        name, turn, store = self._feed.name, self._work.settings.sync.turn, self._work.store
        with store.locks.hold(f"reconcile:{name}", turn, turn + PATIENCE) as lease:
            if lease is None:
                self._work.journal.info("reconcile_busy", branch=name)
                return
            total, after = 0, 0
            while page := self._feed.planned(since, until, after):
                self._forget_strayed(page)
                hints = self._intake.take(page)
                yield hints
                total, after = total + len(hints), page[-1]
                if not lease.extend():
                    return
            if vanished := Absence(self._feed, self._work).call():
                yield dict.fromkeys(vanished, False)
            store.links.prune(self._feed.rules.branch_id, self._work.clock.now())
            self._work.journal.info("reconcile_finished", branch=name, queued=total)

    def _forget_strayed(self, numbers: Sequence[int]) -> None:
        """Забывает сделки, удалённые с портала руками, и отпечатки тех, где стёрли ключ (20 и 35).

        Портал сейчас не спросить — сверка с Ident идёт без него.
        """
        store, now = self._work.store, self._work.clock.now()
        known = store.links.get([uid_of(self._feed, number) for number in numbers])
        linked = {n: known[uid] for n in numbers if (uid := uid_of(self._feed, n)) in known}
        linked = {number: link for number, link in linked.items() if link.deal_id is not None}
        if not linked or store.gate.halted() is not None or store.gate.blocked_for(now) is not None:
            return
        try:
            strayed = self._feed.strayed(linked)
        except (RetriableError, FatalError) as error:
            self._work.journal.warning("reconcile_without_portal", branch=self._feed.name, error=str(error))
            return
        for number, link in strayed.items():
            uid = uid_of(self._feed, number)
            store.links.save(uid, link, now)
            event = "deal_vanished" if link.deal_id is None else "deal_key_cleared"
            self._work.journal.warning(event, reception=uid, deal=linked[number].deal_id)
