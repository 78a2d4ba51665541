"""Описание клиники: где её базы, что в них нарочно испорчено и что должно ждать на портале."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from demo.clinic.people import Human
from services.domain.stages import Stage


@dataclass(frozen=True, slots=True)
class Place:
    """Филиал: номер входит в ключ F1_…, имя стоит в OwnCompanies."""

    number: int
    name: str
    home: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """Одна база Ident и её филиалы."""

    database_id: str
    path: Path
    places: Sequence[Place]

    @property
    def home(self) -> Place:
        """Возвращает филиал, которому достаются записи без филиала."""
        return next((place for place in self.places if place.home), self.places[0])


@dataclass(frozen=True, slots=True)
class Oddity:
    """Нарочно испорченный приём и код причины, с которой его должны отклонить."""

    database_id: str
    reception_id: int
    reason: str
    what: str


class LeadState(StrEnum):
    """Состояния лида, уже лежащего на портале."""

    OPEN = "open"
    CONVERTED = "converted"
    JUNK = "junk"


@dataclass(frozen=True, slots=True)
class WaitingLead:
    """Лид, который должен ждать на портале; открытый обязан перейти в CONVERTED (МАП 2.3.1 Б)."""

    human: Human
    state: LeadState
    source: str = "WEB"


@dataclass(frozen=True, slots=True)
class ManualDeal:
    """Сделка, которую куратор уже поставил на ручную стадию: её стадия не должна сдвинуться (МАП 2.5.3)."""

    uid: str
    stage: Stage
    human: Human


@dataclass(frozen=True, slots=True)
class Clinic:
    """Построенная клиника.

    ``aged`` — приёмы двухмесячной давности по базам: на портал они попасть не должны.
    """

    ledgers: Sequence[Ledger]
    oddities: Sequence[Oddity] = ()
    leads: Sequence[WaitingLead] = ()
    manual_deals: Sequence[ManualDeal] = ()
    aged: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def ledger(self, database_id: str) -> Ledger:
        """Возвращает базу по имени; неизвестная — KeyError."""
        return {ledger.database_id: ledger for ledger in self.ledgers}[database_id]

    @property
    def places(self) -> Sequence[Place]:
        """Возвращает все филиалы по номеру."""
        found = (place for ledger in self.ledgers for place in ledger.places)
        return tuple(sorted(found, key=lambda place: place.number))

    def settings(self) -> dict[str, object]:
        """Возвращает разделы databases и branches для настроек."""
        return {
            "databases": [
                {"id": ledger.database_id, "type": "sqlite", "path": str(ledger.path)}
                for ledger in self.ledgers
            ],
            "branches": [
                {
                    "number": place.number,
                    "name": place.name,
                    "database": ledger.database_id,
                    "home": place == ledger.home,
                }
                for ledger in self.ledgers
                for place in ledger.places
            ],
        }
