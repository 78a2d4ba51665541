"""Приговор страницы: одно слово цветом и одна фраза — всё ли хорошо."""

from dataclasses import dataclass
from enum import StrEnum

from monitoring.snapshot import Snapshot
from monitoring.wording import ago, plural, records
from services.domain.signs import Signs


class Status(StrEnum):
    """Насколько всё хорошо."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Приговор: состояние, заголовок и фраза."""

    status: Status
    title: str
    text: str


def verdict(snapshot: Snapshot) -> Verdict:
    """Возвращает приговор: тревога важнее заметки, заметка важнее благополучия."""
    signs = snapshot.signs
    if snapshot.alarms:
        first, others = snapshot.alarms[0], len(snapshot.alarms) - 1
        more = f" И ещё {plural(others, 'повод', 'повода', 'поводов')} ниже." if others else ""
        return Verdict(Status.BAD, first.title, f"{first.text}.{more}".replace("..", "."))
    if signs.pause is not None:
        text = f"Поставлена {ago(signs.pause.at, signs.now)}: изменения не читаются и не отправляются"
        return Verdict(Status.NOTE, "Пауза", f"{text}. Ничего не потеряно: снимите её, и работа продолжится.")
    return _calm(snapshot, signs)


def _calm(snapshot: Snapshot, signs: Signs) -> Verdict:
    silent = [branch for branch in signs.branches if branch.last_error]
    if silent:
        names = ", ".join(dict.fromkeys(branch.database_id for branch in silent))
        return Verdict(Status.NOTE, f"База {names} не ответила", f"{silent[0].last_error}. Пробуем снова.")
    fresh = [branch.name for branch in signs.branches if branch.last_success is None]
    if fresh:
        return Verdict(Status.NOTE, "Первая выборка ещё идёт", f"Ещё не прочитаны: {', '.join(fresh)}.")
    if snapshot.failed:
        count = records(len(snapshot.failed))
        return Verdict(
            Status.NOTE, f"Не отправлено: {count}", "Причины и что с ними сделать — в списке ниже."
        )
    waiting = len(snapshot.waiting)
    queue = f"в очереди {records(waiting)}, отправляются" if waiting else "очередь пуста"
    last = max(branch.last_success for branch in signs.branches if branch.last_success)
    read = plural(len(signs.branches), "филиал читается", "филиала читаются", "филиалов читаются")
    text = f"{read.capitalize()}, последняя выборка {ago(last, signs.now)}, {queue}."
    return Verdict(Status.GOOD, "Всё хорошо", text)
