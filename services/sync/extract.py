"""Выборка: изменения из Ident страницами по 50 в очередь отправки (СПЕЦ 3.1.2–3.1.3)."""

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.domain.cursor import ChangePoint, advance, first_point, resume_point
from services.domain.errors import DatabaseError
from services.ports import ChangePage, Clock, Cursors, Journal, Lease, Locks, SendGate, Stats
from services.sync.branch import Pace

#: Сколько ждать замка сверх его срока: выборка убитого узла освободится, живая — останется занятой.
PATIENCE = timedelta(seconds=5)


class Changes(Protocol):
    """Откуда выборка берёт изменения."""

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 изменений строго после точки."""
        ...

    def now(self) -> datetime:
        """Возвращает время сервера базы."""
        ...


class Taking(Protocol):
    """Приёмка изменений: приёмов (Intake) или планов (PlanIntake)."""

    @property
    def name(self) -> str:
        """Возвращает имя выборки: под ним лежат курсор, замок и отметки."""
        ...

    @property
    def pace(self) -> Pace:
        """Возвращает темп."""
        ...

    @property
    def source(self) -> Changes:
        """Возвращает источник изменений."""
        ...

    def take(self, numbers: Sequence[int], now: datetime) -> Sequence[str]:
        """Ставит изменившееся в очередь; возвращает ключи для подсказок."""
        ...


class Extract:
    """Выборка одного филиала; в каждый момент идёт не больше одной."""

    def __init__(
        self,
        intake: Taking,
        cursors: Cursors,
        locks: Locks,
        stats: Stats,
        journal: Journal,
        clock: Clock,
        pause: Callable[[timedelta], None],
        gate: SendGate,
    ) -> None:
        self._intake, self._cursors, self._locks, self._gate = intake, cursors, locks, gate
        self._stats, self._journal, self._clock, self._pause = stats, journal, clock, pause
        self._branch_id = intake.name

    def packets(self) -> Generator[Sequence[str], None, None]:
        """Выдаёт пакеты ключей, которым нужна подсказка.

        Курсор двигается после того, как страница легла в очередь: сбой в любом месте повторит страницу.
        Больше 200 изменений за проход — секунда между пакетами; первый запуск — с увеличенной паузой.
        Поставленная администратором пауза — ничего не читать: курсор дождётся.
        """
        if self._gate.paused() is not None:
            self._journal.info("extract_paused", branch=self._branch_id)
            return
        turn = self._intake.pace.turn
        with self._locks.hold(f"extract:{self._branch_id}", turn, turn + PATIENCE) as lease:
            if lease is None:
                self._journal.info("extract_busy", branch=self._branch_id)
                return
            yield from self._pages(lease)

    def _pages(self, lease: Lease) -> Iterator[Sequence[str]]:
        pace, cursor = self._intake.pace, self._cursors.load(self._branch_id)
        first_run, total = cursor is None, 0
        try:
            for page in changed_pages(self._intake.source, cursor, pace):
                hints = self._intake.take([point.reception_id for point in page.points], self._clock.now())
                cursor = advance(cursor, page.points, page.database_now)
                self._cursors.save(self._branch_id, cursor)
                yield hints
                total += len(hints)
                self._rest(pace, first_run, total, len(hints))
                if not lease.extend():
                    return
            if cursor is None:
                # Менять было нечего. Без курсора и следующая выборка — с паузами, за неделю — была бы первой.
                self._cursors.save(self._branch_id, advance(None, (), self._intake.source.now()))
        except DatabaseError as error:
            self._failed(error)
            raise
        self._finished(total)

    def _rest(self, pace: Pace, first_run: bool, total: int, packet: int) -> None:
        if packet and first_run:
            self._pause(pace.first_run_pause)
        elif packet and total > pace.large_change:
            self._pause(pace.packet_pause)

    def _finished(self, total: int) -> None:
        self._stats.note(self._branch_id, "last_success", self._clock.now().isoformat())
        self._stats.note(self._branch_id, "last_error", "")
        self._journal.info("extract_finished", branch=self._branch_id, queued=total)

    def _failed(self, error: DatabaseError) -> None:
        """Записывает сбой; о базе, которую до срока не спрашивали, обычно уже записано.

        Не записано, если первой о неё споткнулась сверка: её неудача и есть потеря связи (СПЕЦ 2.6.4).
        """
        if not error.attempted and self._stats.notes(self._branch_id).get("last_error"):
            return
        self._stats.count(self._branch_id, "database_errors", self._clock.now())
        self._stats.note(self._branch_id, "last_error", str(error))
        self._journal.error("extract_failed", branch=self._branch_id, error=str(error))


def changed_pages(source: Changes, cursor: ChangePoint | None, pace: Pace) -> Iterator[ChangePage]:
    """Читает страницы изменений от курсора с нахлёстом; без курсора — последние 7 дней."""
    database_now = source.now()
    point = (
        first_point(database_now, pace.first_run)
        if cursor is None
        else resume_point(cursor, pace.overlap, database_now)
    )
    while (page := source.changed_after(point)).points:
        yield page
        # Сервер, вернувший ту же точку, зациклил бы выборку: такая страница последняя.
        if page.points[-1] <= point:
            return
        point = page.points[-1]
