"""Ведение загрузки прошлого: команда и страница просят узел о страницах, пока они не кончатся (ТЗ 3.1.3).

Ход лежит в Redis, поэтому прерванную команду или закрытую службу продолжает кто угодно с той же страницы.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.domain.errors import RetriableError
from services.domain.outbox import BackfillProgress
from services.sync.feed import Work

LONGEST = timedelta(days=366)
POLL, ROOM = timedelta(seconds=0.2), timedelta(seconds=1)
#: Столько раз подряд спрашивают узел, прочёл ли он страницу: две минуты.
PATIENCE = 600


class BadPeriod(ValueError):
    """Промежуток не годится; текст говорит, что исправить."""


class NodeSilent(RetriableError):
    """Узел не взял страницу."""


def period(since: date, until: date) -> tuple[datetime, datetime]:
    """Возвращает промежуток [начало, конец) двух дней включительно; негодный — BadPeriod."""
    if until < since:
        raise BadPeriod("Последний день раньше первого.")
    if until - since > LONGEST:
        raise BadPeriod("За один раз — не больше года: разделите промежуток.")
    return datetime.combine(since, time()), datetime.combine(until + timedelta(days=1), time())


@dataclass(frozen=True, slots=True)
class Step:
    """Шаг загрузки: ход и ждёт ли она места в очереди."""

    progress: BackfillProgress
    waits: bool = False


class Loading:
    """Загрузка прошлого одного филиала глазами того, кто её попросил.

    ``ask`` просит узел о странице, ``pause`` ждёт.
    """

    def __init__(
        self, branch_id: str, work: Work, ask: Callable[[str], None], pause: Callable[[timedelta], None]
    ) -> None:
        self._branch_id, self._work, self._ask, self._pause = branch_id, work, ask, pause

    def steps(self) -> Iterator[Step]:
        """Ведёт загрузку до конца; узел молчит — NodeSilent, ход пропал — RetriableError."""
        while not (progress := self._progress()).done:
            yield Step(progress)
            # Прошлое не должно задерживать сегодняшнее.
            while (
                self._work.store.outbox.size(self._branch_id) > self._work.settings.sync.outbox_warning // 2
            ):
                yield Step(progress, waits=True)
                self._pause(ROOM)
            self._ask(self._branch_id)
            self._await_change(progress)
        self._work.store.backfills.forget(self._branch_id)
        yield Step(progress)

    def _progress(self) -> BackfillProgress:
        """Возвращает ход; стёртый вместе с Redis начинать заново решает человек."""
        found = self._work.store.backfills.load(self._branch_id)
        if found is None:
            raise RetriableError("Ход загрузки пропал вместе с памятью Redis: начните её заново.")
        return found

    def _await_change(self, before: BackfillProgress) -> None:
        for _ in range(PATIENCE):
            if self._progress() != before:
                return
            self._pause(POLL)
        raise NodeSilent("Узел не берёт страницу: служба остановлена, на паузе или занята.")
