"""Счётчики прохода по филиалам: что программа сама о себе насчитала."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta

from services.container import Services


@dataclass(frozen=True, slots=True)
class Counts:
    """Сколько приёмов прочитано, создано, обновлено и так далее."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    converted: int = 0
    failed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    def as_dict(self) -> dict[str, int]:
        """Возвращает счётчики словарём."""
        return asdict(self)


def counts_since(services: Services, before: Mapping[str, Counts]) -> dict[str, Counts]:
    """Возвращает прибавку счётчиков каждого филиала."""
    branches = [branch.branch_id for branch in services.settings.served]
    return {branch: _counts(services, branch) - before.get(branch, Counts()) for branch in branches}


def _counts(services: Services, branch_id: str) -> Counts:
    now = datetime.now(UTC)
    totals = services.store.stats.totals(branch_id, now - timedelta(days=1), now + timedelta(hours=1))
    return Counts(**{f.name: round(totals.get(f.name, 0)) for f in fields(Counts)})
