"""Филиал глазами сценариев: его база, соседи по базе и правила."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.branches import possible_uids
from services.domain.errors import Family
from services.domain.judgement import Court, Foreign, Ready, Refused
from services.domain.reception import Reception, ReceptionUid
from services.domain.retries import SCHEDULES


@dataclass(frozen=True, slots=True)
class Branch:
    """Филиал, который ведёт этот узел."""

    court: Court

    @property
    def branch_id(self) -> str:
        """Возвращает код филиала: ``F1``."""
        return f"F{self.court.number}"

    @property
    def database_id(self) -> str:
        """Возвращает имя базы."""
        return self.court.database_id

    def uid(self, reception_id: int) -> str:
        """Возвращает ключ записи этого филиала."""
        return str(ReceptionUid(self.court.number, reception_id))

    def possible_uids(self, reception_id: int) -> Sequence[str]:
        """Возвращает все ключи, под которыми приём мог попасть на портал (постановление 3)."""
        own = self.uid(reception_id)
        return (own, *(uid for uid in possible_uids(reception_id, self.court.neighbours) if uid != own))

    def judge(self, reception: Reception, now: datetime) -> Ready | Refused | Foreign:
        """Решает, что этому филиалу делать с приёмом."""
        return self.court.judge(reception, now)


@dataclass(frozen=True, slots=True)
class Pace:
    """Темп сценариев.

    ``turn`` — срок замка выборки и сверки: убитый узел освобождает их так быстро, живой продлевает.
    ``uncertainty`` — сколько портал может доделывать запрос, чей ответ потерян (до 60 с).
    """

    overlap: timedelta = timedelta(minutes=10)
    first_run: timedelta = timedelta(days=7)
    packet_pause: timedelta = timedelta(seconds=1)
    first_run_pause: timedelta = timedelta(seconds=5)
    large_change: int = 200
    hint_timeout: timedelta = timedelta(seconds=90)
    lease: timedelta = timedelta(seconds=100)
    turn: timedelta = timedelta(seconds=20)
    uncertainty: timedelta = timedelta(seconds=65)
    schedules: Mapping[Family, Sequence[timedelta]] = field(default_factory=lambda: SCHEDULES)
    revival: timedelta = timedelta(minutes=15)
    busy_pause: timedelta = timedelta(seconds=3)
    reconcile_back: timedelta = timedelta(days=7)
    reconcile_ahead: timedelta = timedelta(days=90)
    outbox_warning: int = 1000
