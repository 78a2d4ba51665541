"""Приговор страницы: одно слово цветом и одна фраза — всё ли хорошо."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.snapshot import Snapshot
from monitoring.wording import ago, plural, records
from services.domain.alarms import Cause
from services.domain.signs import Signs


class Status(StrEnum):
    """Насколько всё хорошо."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Приговор: состояние, заголовок, фраза и остальные поводы — что ещё и подробности."""

    status: Status
    title: str
    text: str
    others: Sequence[tuple[str, str]] = ()


def verdict(snapshot: Snapshot) -> Verdict:
    """Возвращает приговор: тревога важнее заметки, заметка важнее благополучия; назван каждый повод."""
    notes = list(_notes(snapshot, snapshot.signs))
    if snapshot.alarms:
        first = snapshot.alarms[0]
        told = {alarm.cause for alarm in snapshot.alarms}
        others = [(title, text) for cause, title, text in notes if cause not in told]
        return Verdict(Status.BAD, first.title, f"{first.text}.".replace("..", "."), others)
    if notes:
        (_, title, text), *rest = notes
        return Verdict(Status.NOTE, title, text, [(other, about) for _, other, about in rest])
    return _calm(snapshot, snapshot.signs)


def _notes(snapshot: Snapshot, signs: Signs) -> Iterator[tuple[Cause, str, str]]:
    """Возвращает заметки, важные первыми: о какой тревоге каждая не станет повторяться, заголовок, фраза."""
    if signs.pause is not None:
        text = f"Поставлена {ago(signs.pause.at, signs.now)}: изменения не читаются и не отправляются"
        yield Cause.PAUSED, "Пауза", f"{text}. Ничего не потеряно: снимите её, и работа продолжится."
    silent = [branch for branch in signs.branches if branch.last_error]
    if silent:
        names = ", ".join(dict.fromkeys(branch.database_id for branch in silent))
        yield Cause.IDENT_LOST, f"База {names} не ответила", f"{silent[0].last_error}. Пробуем снова."
    fresh = [branch.name for branch in signs.branches if branch.last_success is None]
    if fresh:
        yield Cause.NO_SUCCESS, "Первая выборка ещё идёт", f"Ещё не прочитаны: {', '.join(fresh)}."
    if snapshot.failed:
        title = f"Не отправлено: {records(len(snapshot.failed))}"
        yield Cause.FAILED, title, "Причины и что с ними сделать — в списке ниже."


def _calm(snapshot: Snapshot, signs: Signs) -> Verdict:
    waiting = len(snapshot.waiting)
    queue = f"в очереди {records(waiting)}, отправляются" if waiting else "очередь пуста"
    last = max((branch.last_success for branch in signs.branches if branch.last_success), default=None)
    read = plural(len(signs.branches), "филиал читается", "филиала читаются", "филиалов читаются")
    text = f"{read.capitalize()}, последняя выборка {ago(last, signs.now)}, {queue}."
    return Verdict(Status.GOOD, "Всё хорошо", text)
