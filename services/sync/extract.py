"""Выборка: изменения из Ident страницами по 50 в очередь отправки (СПЕЦ 3.1.2–3.1.3)."""

from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.domain.cursor import ChangePage, ChangePoint, advance, first_point, resume_point
from services.domain.errors import DatabaseError
from services.sync.feed import Feed, Hints, Work
from services.sync.intake import Intake

if TYPE_CHECKING:
    from config.models import SyncSettings
    from services.store.locks import RedisLease

#: Сколько ждать замка сверх его срока: ход убитого узла освободится, живой — останется занятым.
PATIENCE = timedelta(seconds=5)


class Extract:
    """Выборка одной ленты; в каждый момент идёт не больше одной."""

    def __init__(self, intake: Intake, work: Work, pause: Callable[[timedelta], None]) -> None:
        self._intake, self._work, self._pause = intake, work, pause
        self._feed, self._name = intake.feed, intake.feed.name

    def packets(self) -> Generator[Hints, None, None]:
        """Выдаёт пакеты подсказок.

        Курсор двигается после того, как страница легла в очередь: сбой в любом месте повторит страницу.
        Больше 200 изменений за проход — секунда между пакетами; первый запуск — с увеличенной паузой.
        Поставленная администратором пауза — ничего не читать: курсор дождётся.
        """
        store, journal = self._work.store, self._work.journal
        if store.gate.paused() is not None:
            journal.info("extract_paused", branch=self._name)
            return
        turn = self._work.settings.sync.turn
        with store.locks.hold(f"extract:{self._name}", turn, turn + PATIENCE) as lease:
            if lease is None:
                journal.info("extract_busy", branch=self._name)
                return
            yield from self._pages(lease)

    def _pages(self, lease: "RedisLease") -> Iterator[Hints]:
        cursors, sync = self._work.store.cursors, self._work.settings.sync
        cursor = cursors.load(self._name)
        first_run, total = cursor is None, 0
        try:
            for page in changed_pages(self._feed, cursor, sync):
                hints = self._intake.take([point.reception_id for point in page.points])
                cursor = advance(cursor, page.points, page.database_now)
                cursors.save(self._name, cursor)
                landed = self._work.clock.now()
                yield hints
                total += len(hints)
                if hints and first_run:
                    self._rest(sync.first_run_pause, landed)
                elif hints and total > sync.large_change:
                    self._rest(sync.packet_pause, landed)
                if not lease.extend():
                    return
            if cursor is None:
                # Менять было нечего. Без курсора и следующая выборка — с паузами, за неделю — была бы первой.
                cursors.save(self._name, advance(None, (), self._feed.now()))
        except DatabaseError as error:
            self._failed(error)
            raise
        self._finished(total)

    def _rest(self, pause: timedelta, landed: datetime) -> None:
        """Даёт базе паузу между пакетами (СПЕЦ 3.1.2); подсказки, разосланные за это время, — её часть."""
        self._pause(pause - min(max(self._work.clock.now() - landed, timedelta()), pause))

    def _finished(self, total: int) -> None:
        stats = self._work.store.stats
        stats.note(self._name, "last_success", self._work.clock.now().isoformat())
        stats.note(self._name, "last_error", "")
        self._work.journal.info("extract_finished", branch=self._name, queued=total)

    def _failed(self, error: DatabaseError) -> None:
        """Записывает сбой; о базе, которую до срока не спрашивали, обычно уже записано.

        Не записано, если первой о неё споткнулась сверка: её неудача и есть потеря связи (СПЕЦ 2.6.4).
        """
        stats = self._work.store.stats
        if not error.attempted and stats.notes(self._name).get("last_error"):
            return
        stats.count(self._name, "database_errors", self._work.clock.now())
        stats.note(self._name, "last_error", str(error))
        self._work.journal.error("extract_failed", branch=self._name, error=str(error))


def changed_pages(feed: Feed, cursor: ChangePoint | None, sync: "SyncSettings") -> Iterator[ChangePage]:
    """Читает страницы изменений от курсора с нахлёстом; без курсора — последние 7 дней."""
    database_now = feed.now()
    point = (
        first_point(database_now, sync.first_run)
        if cursor is None
        else resume_point(cursor, sync.overlap, database_now)
    )
    while (page := feed.changed(point)).points:
        yield page
        # Сервер, вернувший ту же точку, зациклил бы выборку: такая страница последняя.
        if page.points[-1] <= point:
            return
        point = page.points[-1]
