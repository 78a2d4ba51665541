"""Постройка клиники: четыре базы, пять филиалов; одно и то же зерно даёт одну и ту же клинику."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from pathlib import Path
from random import Random

from demo.clinic.catalog import DATABASES
from demo.clinic.clinic import Clinic, LeadState, Ledger, ManualDeal, Oddity, Place, WaitingLead
from demo.clinic.desk import Desk, at_desk, create_database
from demo.clinic.oddities import TROUBLES, spoil
from demo.clinic.people import Human, invent
from demo.clinic.rarities import RARITIES
from demo.clinic.rooms import Rooms, furnish, rooms_of
from demo.clinic.scene import Scene
from demo.clinic.visits import aged_visit, ordinary_visit
from services.domain.stages import Stage

#: С этого номера в каждой базе идут приёмы: одинаковые номера разных баз различает только филиал в ключе.
FIRST_RECEPTION = 1001
AGED_VISITS = 5
SAMPLED_TROUBLES = 3
SAMPLED_RARITIES = 4
LEADS = (LeadState.OPEN, LeadState.OPEN, LeadState.OPEN, LeadState.CONVERTED, LeadState.JUNK)
MANUAL_STAGES = (Stage.PLAN_PRESENTATION, Stage.WAITING_LIST, Stage.PREPAYMENT_RECEIVED)


@dataclass(slots=True)
class Findings:
    """Что построено сверх самих баз."""

    oddities: list[Oddity] = field(default_factory=list)
    leads: list[WaitingLead] = field(default_factory=list)
    manual_deals: list[ManualDeal] = field(default_factory=list)
    aged: dict[str, Sequence[int]] = field(default_factory=dict)


def build_clinic(folder: Path, seed: int, now: datetime, visits: int = 40) -> Clinic:
    """Строит клинику в папке; ``now`` — наивное время клиники, ``visits`` — приёмов на филиал."""
    folder.mkdir(parents=True, exist_ok=True)
    ledgers = tuple(
        Ledger(database_id, folder / f"ident_{database_id}.sqlite", places)
        for database_id, places in DATABASES
    )
    findings = Findings()
    for ledger in ledgers:
        ledger.path.unlink(missing_ok=True)
        create_database(ledger.path)
        with at_desk(ledger.path, now) as desk:
            Chronicler(desk, ledger, Random(f"{seed}:{ledger.database_id}"), now, findings).write(visits)
    return Clinic(ledgers, findings.oddities, findings.leads, findings.manual_deals, findings.aged)


class Chronicler:
    """Летописец одной базы: справочники, давние, обычные, редкие и испорченные приёмы."""

    def __init__(self, desk: Desk, ledger: Ledger, rng: Random, now: datetime, findings: Findings) -> None:
        self._desk, self._ledger, self._rng, self._now = desk, ledger, rng, now
        self._findings = findings
        self._humans: list[Human] = []

    def write(self, visits: int) -> None:
        """Пишет всё; стойка каждый раз возвращается в настоящее время."""
        furnish(self._desk, self._ledger, self._rng)
        rooms = rooms_of(self._desk, self._ledger)
        scenes = [self._scene(rooms, place) for place in self._ledger.places]
        self._write_aged(scenes[0])
        for scene in scenes:
            self._write_ordinary(scene, visits)
        self._write_rarities(scenes)
        self._write_oddities(self._scene(rooms, self._ledger.home))
        self._write_expected_on_portal(scenes)

    def _scene(self, rooms: Rooms, place: Place) -> Scene:
        return Scene(self._desk, rooms, place, self._rng, self._now)

    def _is_first(self) -> bool:
        return self._ledger.database_id == DATABASES[0][0]

    def _write_aged(self, scene: Scene) -> None:
        first = aged_visit(scene, scene.patient())
        self._desk.change("Receptions", first, ID=FIRST_RECEPTION)
        others = [aged_visit(scene, scene.patient()) for _ in range(AGED_VISITS - 1)]
        self._findings.aged[self._ledger.database_id] = (FIRST_RECEPTION, *others)

    def _write_ordinary(self, scene: Scene, visits: int) -> None:
        """Пишет обычные приёмы: пациентов меньше, чем приёмов, — многие приходят не раз."""
        for human in self._crowd(visits * 3 // 4):
            self._desk.now = self._now
            ordinary_visit(scene, scene.patient(human))
        regulars = self._desk.ids("SELECT ID_Persons FROM Patients ORDER BY ID_Persons")[AGED_VISITS:]
        for _ in range(visits - visits * 3 // 4):
            ordinary_visit(scene, self._rng.choice(regulars))

    def _crowd(self, count: int) -> Iterator[Human]:
        for _ in range(count):
            self._humans.append(invent(self._rng))
            yield self._humans[-1]

    def _write_rarities(self, scenes: Sequence[Scene]) -> None:
        chosen = RARITIES if self._is_first() else self._rng.sample(RARITIES, SAMPLED_RARITIES)
        for scene, tell in zip(cycle(scenes), chosen, strict=False):
            self._desk.now = self._now
            tell(scene)

    def _write_oddities(self, scene: Scene) -> None:
        self._desk.now = self._now
        chosen = TROUBLES if self._is_first() else self._rng.sample(TROUBLES, SAMPLED_TROUBLES)
        self._findings.oddities.extend(spoil(scene, self._ledger.database_id, chosen))

    def _write_expected_on_portal(self, scenes: Sequence[Scene]) -> None:
        """Выбирает, кого портал уже знает: лиды с сайта и сделки на ручных стадиях."""
        waiting = self._rng.sample(self._humans, min(len(LEADS), len(self._humans)))
        self._findings.leads.extend(
            WaitingLead(human, state) for human, state in zip(waiting, LEADS, strict=False)
        )
        for scene, stage in zip(cycle(scenes), MANUAL_STAGES, strict=False):
            self._desk.now = self._now
            human = invent(self._rng)
            reception_id = scene.book(scene.patient(human), scene.slot(2))
            uid = f"F{scene.place.number}_{reception_id}"
            self._findings.manual_deals.append(ManualDeal(uid, stage, human))
