"""Повторная подсказка: чьё время пришло, чей узел погиб и чья временная причина ушла."""

from collections.abc import Sequence
from datetime import datetime

from services.domain.errors import Family
from services.store.outbox import WORKER_LOST
from services.sync.feed import Work

PACKET = 200
PORTAL = frozenset({Family.NETWORK, Family.API})


class Redrive:
    """Обход очереди одного филиала; вместе с арендой возвращает работу убитого узла за две минуты."""

    def __init__(self, branch_id: str, work: Work) -> None:
        self._branch_id, self._work, self._store = branch_id, work, work.store

    def due(self) -> Sequence[str]:
        """Возвращает ключи для подсказки; при остановке, паузе или открытом предохранителе — ничего."""
        now, gate, sync = self._work.clock.now(), self._store.gate, self._work.settings.sync
        self._warn_when_deep(sync.outbox_warning)
        if gate.shut() or gate.blocked_for(now) is not None:
            return ()
        self._revive(now)
        return self._store.outbox.due(self._branch_id, now, sync.hint_timeout, PACKET)

    def _revive(self, now: datetime) -> None:
        """Возвращает в очередь отказавшие не по своей вине, когда причина ушла."""
        failed = self._store.outbox.curable(self._branch_id)
        reasons = {reason for _, reason, _, _ in failed} - {WORKER_LOST}
        back = {family: self._back_since(family) for family in reasons}
        revival = self._work.settings.sync.revival
        cured = []
        for uid, reason, at, revived in failed:
            first, since = revived == 0, back.get(reason)
            # В первый раз — как только связь вернулась, потом — с паузой. С виновной в гибели узла
            # бывают сотни невинных: после паузы все пробуются ещё раз, и виновная отказывает насовсем.
            rested = now - at >= revival and (first or reason != WORKER_LOST)
            if rested or (first and since is not None and since > at):
                cured.append(uid)
        if cured:
            count = self._store.outbox.revive(cured, now)
            self._work.journal.info("failed_revived", branch=self._branch_id, count=count)

    def _back_since(self, family: str) -> datetime | None:
        """Возвращает последнее доказательство, что портал или база отвечают."""
        if family in PORTAL:
            return self._store.gate.last_success()
        noted = self._store.stats.notes(self._branch_id).get("last_success")
        return datetime.fromisoformat(noted) if noted else None

    def _warn_when_deep(self, limit: int) -> None:
        """Предупреждает о глубокой очереди один раз, пока она не обмелеет (ТЗ 4.1.3)."""
        depth, stats = self._store.outbox.size(self._branch_id), self._store.stats
        warned = stats.notes(self._branch_id).get("outbox_deep") == "1"
        stats.note(self._branch_id, "outbox", str(depth))
        if depth >= limit and not warned:
            self._work.journal.warning("outbox_deep", branch=self._branch_id, depth=depth)
            stats.note(self._branch_id, "outbox_deep", "1")
        elif warned and depth < limit * 0.8:
            self._work.journal.info("outbox_shallow", branch=self._branch_id, depth=depth)
            stats.note(self._branch_id, "outbox_deep", "0")
