"""Счёт потерь: портал против правил, журналы и Redis против людей."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.campaign.stage import Stage
from demo.clinic.desk import at_desk
from demo.verdict import Judge
from services.domain.errors import Family
from services.domain.outbox import EntryState
from services.ident.sqlite import clinic_now

SECRET = "demo0webhook0code"
#: Слова приговора → столбец потерь.
COLUMNS = {
    "сделки нет": "missing",
    "сделок ": "doubled",
    "телефонов у двух контактов": "contacts",
    "поле ": "stale",
    "стадия шла назад": "backward",
    "тронута ручная": "manual",
    "стадия ": "stale",
    "лид ": "stale",
    "нет контакта": "stale",
    "контакт с другим": "stale",
    "отклонённая запись": "stale",
    "снимок планов": "stale",
}


@dataclass(slots=True)
class Losses:
    """Потери: всё должно быть нулём."""

    missing: int = 0
    doubled: int = 0
    contacts: int = 0
    stale: int = 0
    backward: int = 0
    manual: int = 0
    people: int = 0

    def __add__(self, other: "Losses") -> "Losses":
        return Losses(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def none(self) -> bool:
        """Отвечает, всё ли цело."""
        return not any(getattr(self, f.name) for f in fields(self))


def portal_losses(stage: Stage) -> tuple[Losses, list[str], int]:
    """Сверяет портал с правилами; возвращает потери, расхождения и число ожидаемых сделок."""
    verdict = Judge(stage.settings, stage.portal.state, stage.manual).judge(stage.site.memory.built_at)
    losses = Losses()
    for difference in verdict.differences:
        what = difference.partition(": ")[2] or difference
        column = next((name for start, name in COLUMNS.items() if what.startswith(start)), "contacts")
        setattr(losses, column, getattr(losses, column) + 1)
    return losses, verdict.differences, verdict.expected


def leaked_people(stage: Stage) -> int:
    """Считает людей и секреты, найденные в журналах, выводе процессов и файлах Redis."""
    traces = set(_people(stage))
    texts = [_text(file) for file in _open_files(stage.folder)]
    return sum(trace in text for trace in traces for text in texts)


def unsettled(stage: Stage, since: datetime) -> list[str]:
    """Возвращает, что ещё не тихо: ленты, не читанные после ``since``, и записи, которые ждут или пробуют."""
    outbox, stats, found = stage.services.store.outbox, stage.services.store.stats, list[str]()
    for branch in stage.settings.served:
        notes = stats.notes(branch.branch_id)
        seen = notes.get("last_success")
        if seen is None or datetime.fromisoformat(seen) <= since:
            why = notes.get("last_error") or "сбоя не записано"
            found.append(f"{branch.branch_id}: читан {seen}, надо после {since}; {why}")
        found += [
            f"{entry.uid}: {entry.state}, {entry.reason}, попыток {entry.attempts}, срок {entry.due_at}"
            for entry in outbox.entries(branch.branch_id)
            if entry.state is not EntryState.FAILED or entry.reason in set(Family)
        ]
    return found


def redis_now(stage: Stage) -> datetime:
    """Возвращает время Redis."""
    seconds, microseconds = stage.services.store.redis.time()
    return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC) + timedelta()


def wait_quiet(stage: Stage, longest: float) -> float | None:
    """Ждёт тишины и верного портала; возвращает секунды ожидания, None — не дождались."""
    from services.domain.errors import StoreError

    started = time.monotonic()
    since = None
    while time.monotonic() - started < longest:
        try:
            since = since or redis_now(stage)
            if not unsettled(stage, since) and portal_losses(stage)[0].none:
                return time.monotonic() - started
        except (StoreError, OSError):
            pass
        time.sleep(0.5)
    return None


def _people(stage: Stage) -> Iterator[str]:
    yield SECRET
    for ledger in stage.clinic.ledgers:
        with at_desk(ledger.path, clinic_now()) as desk:
            for person in desk.ask("SELECT Surname, Name, MobilePhone FROM Persons"):
                yield f"{person['Surname']} {person['Name']}"
                digits = "".join(filter(str.isdigit, str(person["MobilePhone"] or "")))
                yield from [digits[-10:]] if len(digits) >= 10 else []


def _open_files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and not name.startswith("clinic/") and name != "settings.toml":
            yield file


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")
