"""Сценарии одного филиала на подделках: база, портал, хранилище и часы — в руках проверки."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.domain.errors import RetriableError
from services.domain.mapping import DEFAULT_IMMUTABLE, FieldTable
from services.domain.phones import Phone
from services.domain.reception import Reception
from services.domain.stages import StageTable
from services.ports import Entry, EntryState, Link
from services.sync.branch import Branch, Pace
from services.sync.delivery import DealPolicy, Delivery, Outcome
from services.sync.extract import Extract
from services.sync.intake import Intake
from services.sync.reconcile import Reconcile
from services.sync.redrive import Redrive
from services.sync.upsert import Upsert
from tests.factories import NOW, make_court, make_reception
from tests.fakes import KEY, FakeClock, FakeCrm, FakeDeal, FakeJournal
from tests.fakes_ident import FakeSource
from tests.fakes_store import FakeCursors, FakeLinks, FakeLocks, FakeOutbox, FakeSendGate, FakeStats

PHONE = "+79161234567"
PHONE_TOKEN = Phone(PHONE).token(b"key")
POLICY = DealPolicy(1, StageTable.build(1, {}), FieldTable.build({}), DEFAULT_IMMUTABLE, False, "phone")


class Office:
    """Филиал F1 (домашний, сосед по базе — F2) со всеми сценариями на подделках."""

    def __init__(self, policy: DealPolicy = POLICY, **pace: Any) -> None:
        self.clock, self.journal = FakeClock(NOW), FakeJournal()
        self.source, self.crm = FakeSource(NOW.replace(tzinfo=None)), FakeCrm(NOW - timedelta(hours=1))
        self.outbox, self.cursors, self.links = FakeOutbox(), FakeCursors(), FakeLinks()
        self.locks, self.gate, self.stats = FakeLocks(patient=False), FakeSendGate(), FakeStats()
        self.pauses: list[timedelta] = []
        self.pace = replace(Pace(), **pace)
        self.branch = Branch(make_court())
        self.assemble(policy)

    def assemble(self, policy: DealPolicy = POLICY) -> None:
        """Собирает сценарии из нынешних подделок."""
        links, locks, gate, stats = self.links, self.locks, self.gate, self.stats
        journal, clock, pace, outbox = self.journal, self.clock, self.pace, self.outbox
        self.intake = Intake(self.branch, self.source, outbox, links, stats, journal, pace)
        delivery = Delivery(
            self.branch, pace, self.crm, outbox, links, locks, stats, journal, clock, policy, b"key"
        )
        self.upsert = Upsert(self.intake, delivery, outbox, links, locks, gate, stats, journal, clock)
        self.extract = Extract(
            self.intake, self.cursors, locks, stats, journal, clock, self.pauses.append, gate
        )
        self.redrive = Redrive("F1", outbox, gate, stats, journal, clock, pace)
        self.reconcile = Reconcile(self.intake, self.crm, links, locks, gate, journal, clock)

    # --- клиника ---

    def book(self, reception_id: int = 1, changed_at: datetime | None = None, **changes: Any) -> str:
        """Записывает приём и возвращает его ключ."""
        self.source.put(self.reception(reception_id, **changes), changed_at)
        return f"F1_{reception_id}"

    def reception(self, reception_id: int = 1, **changes: Any) -> Reception:
        """Строит приём с телефоном пациента."""
        return make_reception(reception_id=reception_id, **{"phone": PHONE, **changes})

    # --- отправка ---

    def send(self, uid: str) -> Outcome | RetriableError:
        """Отправляет запись, поставив её в очередь; отложенную возвращает ошибкой."""
        self.outbox.put([uid], self.clock.now(), self.pace.hint_timeout)
        return self.send_again(uid)

    def send_again(self, uid: str) -> Outcome | RetriableError:
        """Отправляет запись, которая уже в очереди."""
        try:
            return self.upsert.run(uid)
        except RetriableError as error:
            return error

    def delivered(self, reception_id: int = 1, **changes: Any) -> FakeDeal:
        """Записывает приём, отправляет его и возвращает сделку."""
        uid = self.book(reception_id, **changes)
        assert self.send(uid) is Outcome.CREATED
        return self.deal(uid)

    # --- что получилось ---

    def deal(self, uid: str) -> FakeDeal:
        """Возвращает единственную сделку записи."""
        (deal,) = [deal for deal in self.crm.deals.values() if deal.fields[KEY] == uid]
        return deal

    def link(self, uid: str) -> Link | None:
        """Возвращает память о записи."""
        return self.links.get([uid]).get(uid)

    @property
    def state(self) -> EntryState | None:
        """Возвращает состояние единственной записи очереди."""
        return next((entry.state for entry in self.outbox.entries("F1")), None)

    @property
    def entry(self) -> Entry:
        """Возвращает единственную запись очереди."""
        (entry,) = self.outbox.entries("F1")
        return entry

    def counted(self, event: str) -> float:
        """Возвращает, сколько раз случилось событие."""
        now = self.clock.now()
        return self.stats.totals("F1", now - timedelta(days=2), now + timedelta(hours=1)).get(event, 0.0)
