"""Сценарии одного филиала: состояние настоящее, база, портал и часы — в руках проверки."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.loader import parse_settings
from config.models import Settings
from services.domain.errors import RetriableError
from services.domain.outbox import Entry, EntryState, Link
from services.domain.phones import Phone
from services.domain.reception import Reception
from services.feeds import pipeline
from services.store.bundle import Identity, Store
from services.store.keeper import Keeper
from services.store.keys import Keys
from services.store.locks import RedisLocks
from services.sync.deals import Deals
from services.sync.feed import Outcome, Work
from services.sync.intake import Intake
from services.sync.receptions import ReceptionFeed
from services.sync.redrive import Redrive
from tests.factories import NOW, make_reception, make_rules
from tests.fakes import KEY, FakeClock, FakeCrm, FakeDeal, FakeJournal
from tests.fakes_ident import FakeSource
from tests.support.state import fresh_redis

PHONE = "+79161234567"
PHONE_TOKEN = Phone(PHONE).token(b"key")


def settings_with(**sections: Any) -> Settings:
    """Возвращает настройки филиалов F1 (домашний) и F2 одной базы; ``sections`` — разделы поверх."""
    raw = {
        "portal": {"webhook": "http://127.0.0.1:1/rest/1/abc/"},
        "databases": [{"id": "main", "type": "sqlite", "path": "x"}],
        "branches": [
            {"number": 1, "name": "Филиал Фучика", "database": "main", "home": True},
            {"number": 2, "name": "Филиал Миннуллина", "database": "main"},
        ],
    }
    for name, section in sections.items():
        raw[name] = {**raw.get(name, {}), **section}  # type: ignore[dict-item]
    return parse_settings(raw, Path())


class Passing:
    """Время ожидания замка: проходит, как только его ждут."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """Возвращает, сколько прождали."""
        return self.seconds

    def pause(self, _: object, seconds: float) -> None:
        """Ждёт."""
        self.seconds += seconds


class Office:
    """Филиал F1 (домашний, сосед по базе — F2) со всеми сценариями приёмов."""

    def __init__(self, number: int = 1, twin: "Office | None" = None, **sections: Any) -> None:
        """Собирает филиал; ``twin`` — сосед: у них общие база, портал, состояние и часы."""
        self.settings = settings_with(**sections)
        self.clock = twin.clock if twin else FakeClock(NOW)
        self.journal, self.redis = FakeJournal(), twin.redis if twin else fresh_redis()
        keys = Keys("t", {"F1": "main", "F2": "main"})
        self.store = Store(self.redis, keys.prefix, Identity(databases=keys.databases))
        passed = Passing()
        self.store.locks = RedisLocks(self.redis, keys, passed.now, passed.pause)
        self.keeper = Keeper(self.store.outbox, self.clock, self.settings.sync.lease)
        #: Сколько секунд этот поток прождал очереди к порталу.
        self.waited = 0.0
        self.work = Work(
            self.store, self.keeper, self.journal, self.clock, self.settings, lambda: self.waited
        )
        self.source = twin.source if twin else FakeSource(NOW.replace(tzinfo=None))
        self.crm = twin.crm if twin else FakeCrm(NOW - timedelta(hours=1), self.keeper.holds)
        self.pauses: list[timedelta] = []
        self.appeared: list[int] = []
        self.branch_id = f"F{number}"
        self.feed = ReceptionFeed(
            make_rules(number),
            self.source,
            Deals(self.work, self.crm, self.branch_id, b"key"),
            self.appeared.append,
        )
        self.intake = Intake(self.feed, self.work)
        line = pipeline(self.feed, self.work, self.pauses.append)
        self.extract, self.reconcile, self.sender = line.extract, line.reconcile, line.sender
        self.redrive = Redrive(self.branch_id, self.work)
        self.outbox, self.links, self.gate = self.store.outbox, self.store.links, self.store.gate
        self.cursors, self.stats, self.locks = self.store.cursors, self.store.stats, self.store.locks

    # --- клиника ---

    def book(self, reception_id: int = 1, changed_at: Any = None, **changes: Any) -> str:
        """Записывает приём и возвращает его ключ."""
        self.source.put(self.reception(reception_id, **changes), changed_at)
        return f"{self.branch_id}_{reception_id}"

    def reception(self, reception_id: int = 1, **changes: Any) -> Reception:
        """Строит приём с телефоном пациента."""
        return make_reception(reception_id=reception_id, **{"phone": PHONE, **changes})

    # --- отправка ---

    def put(self, uid: str) -> Sequence[str]:
        """Ставит запись в очередь."""
        return self.outbox.put([uid], self.clock.now(), self.settings.sync.hint_timeout)

    def send(self, uid: str) -> Outcome | RetriableError:
        """Отправляет запись, поставив её в очередь; отложенную возвращает ошибкой."""
        self.put(uid)
        return self.send_again(uid)

    def send_again(self, uid: str) -> Outcome | RetriableError:
        """Отправляет запись, которая уже в очереди."""
        try:
            return self.sender.run(uid)
        except RetriableError as error:
            return error

    def delivered(self, reception_id: int = 1, **changes: Any) -> FakeDeal:
        """Записывает приём, отправляет его и возвращает сделку."""
        uid = self.book(reception_id, **changes)
        assert self.send(uid) is Outcome.CREATED
        return self.deal(uid)

    def lose_locks(self) -> None:
        """Снимает все замки: их срок кончился."""
        if names := list(self.redis.scan_iter("t:lock:*")):
            self.redis.delete(*names)

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
        return next((entry.state for entry in self.outbox.entries(self.branch_id)), None)

    @property
    def entry(self) -> Entry:
        """Возвращает единственную запись очереди."""
        (entry,) = self.outbox.entries(self.branch_id)
        return entry

    def counted(self, event: str) -> float:
        """Возвращает, сколько раз случилось событие."""
        now = self.clock.now()
        found = self.stats.totals(self.branch_id, now - timedelta(days=2), now + timedelta(hours=1))
        return found.get(event, 0.0)
