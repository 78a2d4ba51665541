"""Загрузка прошлого: приёмы за названный промежуток — в очередь отправки, страница за страницей.

Курсор выборки не двигается. Страницу берёт узел (у базы одно соединение), а просит её команда администратора:
прерванная команда продолжит с той же страницы.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.ports import BackfillProgress, Backfills, Clock, Journal, Locks
from services.sync.intake import Intake


class Backfill:
    """Загрузка прошлого одного филиала."""

    def __init__(
        self, intake: Intake, backfills: Backfills, locks: Locks, journal: Journal, clock: Clock
    ) -> None:
        self._intake, self._backfills, self._locks = intake, backfills, locks
        self._journal, self._clock, self._branch_id = journal, clock, intake.branch.branch_id

    def begin(self, since: datetime, until: datetime) -> None:
        """Начинает загрузку; времена — в поясе базы."""
        self._backfills.save(self._branch_id, BackfillProgress(since, until))
        self._journal.info("backfill_started", branch=self._branch_id, since=since, until=until)

    def page(self) -> Sequence[str]:
        """Ставит в очередь изменившиеся приёмы следующей страницы; возвращает ключи для подсказок."""
        with self._locks.hold(f"backfill:{self._branch_id}", self._intake.pace.turn) as lease:
            progress = self._backfills.load(self._branch_id)
            if lease is None or progress is None or progress.done:
                return ()
            return self._next_page(progress)

    def _next_page(self, progress: BackfillProgress) -> Sequence[str]:
        source, since, until = self._intake.source, progress.since, progress.until
        total = progress.total or source.planned_total(since, until)
        page = source.planned_between(since, until, progress.after_id)
        hints = self._intake.take(page, self._clock.now())
        after_id = page[-1] if page else progress.after_id
        read, queued = progress.read + len(page), progress.queued + len(hints)
        self._backfills.save(
            self._branch_id,
            replace(progress, after_id=after_id, read=read, queued=queued, total=total, done=not page),
        )
        return hints
