"""Приёмка: из прочитанных приёмов отбирает те, чья сделка устарела, и ставит их в очередь отправки."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.domain.fingerprint import failed_mark
from services.domain.judgement import Ready, Refused
from services.domain.reception import Reception
from services.ports import Journal, Link, Links, Outbox, ReceptionSource, Rejection, Stats
from services.sync.branch import Branch, Pace


class Intake:
    """Отбор изменившихся приёмов одного филиала по отпечаткам (СПЕЦ 3.1.3)."""

    def __init__(
        self,
        branch: Branch,
        source: ReceptionSource,
        outbox: Outbox,
        links: Links,
        stats: Stats,
        journal: Journal,
        pace: Pace,
    ) -> None:
        self.branch, self.source, self.pace = branch, source, pace
        self._outbox, self._links, self._stats, self._journal = outbox, links, stats, journal

    @property
    def name(self) -> str:
        """Возвращает имя выборки приёмов: код филиала."""
        return self.branch.branch_id

    def take(self, reception_ids: Sequence[int], now: datetime) -> Sequence[str]:
        """Читает приёмы (до 50), ставит изменившиеся в очередь; возвращает ключи для подсказок."""
        if not reception_ids:
            return ()
        receptions = self.source.read(reception_ids)
        known = self._links.get([self.branch.uid(reception.reception_id) for reception in receptions])
        self._stats.count(self.branch.branch_id, "read", now, len(receptions))
        changed = [uid for reception in receptions if (uid := self._sort(reception, known, now)) is not None]
        return self._outbox.put(changed, now, self.pace.hint_timeout) if changed else ()

    def _sort(self, reception: Reception, known: Mapping[str, Link], now: datetime) -> str | None:
        """Возвращает ключ, если приём надо отправить; негодный сразу заносит в отклонённые."""
        uid = self.branch.uid(reception.reception_id)
        link = known.get(uid)
        match self.branch.judge(reception, now):
            case Ready(fingerprint=fingerprint):
                return uid if is_stale(link, fingerprint) else None
            case Refused() as refused:
                if link is None or link.fingerprint != refused.fingerprint:
                    self.refuse(uid, refused, link.deal_id if link else None, now)
                return None
            case _:
                return None

    def refuse(self, uid: str, refused: Refused, deal_id: int | None, now: datetime) -> None:
        """Заносит приём в отклонённые с причинами для администратора (МАП 4.1, постановление 29)."""
        reason = ", ".join(dict.fromkeys(violation.reason for violation in refused.violations))
        message = "; ".join(violation.message for violation in refused.violations)
        self._links.save(uid, Link(refused.fingerprint, deal_id))
        self._links.reject(Rejection(uid, reason, message, now))
        self._stats.count(self.branch.branch_id, "rejected", now)
        self._journal.warning("reception_rejected", reception=uid, reason=reason, message=message)


def is_stale(link: Link | None, fingerprint: str) -> bool:
    """Отвечает, отстала ли сделка от приёма; отказанное порталом состояние ждёт человека или перемены."""
    if link is None:
        return True
    if link.fingerprint == failed_mark(fingerprint):
        return False
    return link.fingerprint != fingerprint or link.deal_id is None
