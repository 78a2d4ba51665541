"""Жизнь клиники: по шагу за раз пациенты записываются, приходят, лечатся, отменяют и переносят."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from demo.clinic.clinic import Clinic, Ledger
from demo.clinic.deeds import DEEDS, Deed
from demo.clinic.desk import at_desk
from demo.clinic.rooms import rooms_of
from demo.clinic.scene import Scene

#: Сколько поступков самое большее случается за шаг.
BUSY = 4


@dataclass(frozen=True, slots=True)
class Happening:
    """Что произошло: база, приём, поступок и слова для показа (без людей)."""

    database_id: str
    reception_id: int
    deed: str
    text: str

    def __str__(self) -> str:
        return f"{self.database_id}, приём {self.reception_id}: {self.text}"


def live(clinic: Clinic, rng: Random, now: datetime) -> list[Happening]:
    """Проживает один шаг; ``now`` — наивное время клиники. Возвращает, что произошло."""
    return [
        happening
        for _ in range(rng.randint(1, BUSY))
        if (happening := _one_deed(rng.choice(clinic.ledgers), rng, now))
    ]


def _one_deed(ledger: Ledger, rng: Random, now: datetime) -> Happening | None:
    """Совершает первый возможный поступок из перетасованных."""
    attempts = (perform(ledger, deed, rng, now) for deed in _shuffled(rng))
    return next((happening for happening in attempts if happening), None)


def perform(ledger: Ledger, deed: Deed, rng: Random, now: datetime) -> Happening | None:
    """Совершает названный поступок одной транзакцией; None — для него нет повода."""
    with at_desk(ledger.path, now) as desk:
        scene = Scene(desk, rooms_of(desk, ledger), rng.choice(ledger.places), rng, now)
        outcome = deed(scene)
    return Happening(ledger.database_id, outcome[0], deed.__name__, outcome[1]) if outcome else None


def _shuffled(rng: Random) -> Iterator[Deed]:
    """Выдаёт поступки в случайном порядке: частые чаще впереди."""
    left = dict(DEEDS)
    while left:
        deed = rng.choices(list(left), weights=list(left.values()))[0]
        del left[deed]
        yield deed
