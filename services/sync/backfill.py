"""Загрузка прошлого: приёмы за названный промежуток — в очередь отправки, страница за страницей.

Курсор выборки не двигается. Страницу берёт узел (у базы одно соединение), а просит её команда администратора:
прерванная команда продолжит с той же страницы.
"""

from dataclasses import replace
from datetime import datetime

from services.domain.outbox import BackfillProgress
from services.ports import ReceptionSource
from services.sync.feed import Hints, Work
from services.sync.intake import Intake


class Backfill:
    """Загрузка прошлого одного филиала."""

    def __init__(self, intake: Intake, source: ReceptionSource, work: Work) -> None:
        self._intake, self._source, self._work = intake, source, work
        self._branch_id, self._backfills = intake.feed.rules.branch_id, work.store.backfills

    def begin(self, since: datetime, until: datetime) -> None:
        """Начинает загрузку; времена — в поясе базы."""
        self._backfills.save(self._branch_id, BackfillProgress(since, until))
        self._work.journal.info("backfill_started", branch=self._branch_id, since=since, until=until)

    def page(self) -> Hints:
        """Ставит в очередь изменившиеся приёмы следующей страницы; возвращает ключи для подсказок."""
        turn = self._work.settings.sync.turn
        with self._work.store.locks.hold(f"backfill:{self._branch_id}", turn) as lease:
            progress = self._backfills.load(self._branch_id)
            if lease is None or progress is None or progress.done:
                return {}
            return self._next_page(progress)

    def _next_page(self, progress: BackfillProgress) -> Hints:
        since, until = progress.since, progress.until
        total = progress.total or self._source.planned_total(since, until)
        page = self._source.planned_between(since, until, progress.after_id)
        hints = self._intake.take(page)
        after_id = page[-1] if page else progress.after_id
        read, queued = progress.read + len(page), progress.queued + len(hints)
        self._backfills.save(
            self._branch_id,
            replace(progress, after_id=after_id, read=read, queued=queued, total=total, done=not page),
        )
        return hints
