"""Установка для страницы наблюдения: пять филиалов на трёх базах с прошлым за месяц."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from demo.portal.server import PortalServer
from services.domain.cursor import ChangePoint
from services.domain.outbox import EntryState, Halt, Rejection
from services.ident.sqlite import clinic_now
from services.ports import PortalTraffic, PortalTrouble
from tests.support.world import World

BRANCHES = (
    ("Филиал Абжалилова", "D1"),
    ("Филиал Амирхана", "D1"),
    ("Филиал Фучика", "D2"),
    ("Филиал Победы", "D2"),
    ("Филиал Чистопольская", "D3"),
)
REASONS = (
    ("field_required", "crm.deal.add: на портале есть обязательное поле, которого нет у записи"),
    ("access_denied", "crm.deal.update: владельцу вебхука закрыт этот элемент: дайте права"),
    ("network", "crm.deal.list: нет связи с порталом"),
)


class WatchedWorld:
    """Мир, чьё прошлое и беды заданы; всё лежит в настоящем Redis."""

    def __init__(
        self, folder: Path, redis_url: str, portal: PortalServer, days: int = 1, **sections: Any
    ) -> None:
        base = folder / "world"
        bases = [{"id": f"D{n}", "type": "sqlite", "path": str(base / "ident.sqlite")} for n in (1, 2, 3)]
        branches = [
            {"number": number, "name": name, "database": database, "home": number in (1, 3)}
            for number, (name, database) in enumerate(BRANCHES, start=1)
        ]
        self.world = World(base, redis_url, portal, databases=bases, branches=branches, **sections)
        self.services, self.store = self.world.services, self.world.services.store
        self.now = self.world.clock.now()
        self._past(days)

    def _past(self, days: int) -> None:
        """Пишет обычные дни клиники: днём приёмы, ночью тишина."""
        rng = random.Random(7)
        for back in range(days * 24):
            moment = self.now - timedelta(hours=back)
            if 5 <= moment.hour <= 17:
                self._hour(rng, moment)
        for number in range(1, 6):
            self.succeeded(f"F{number}", timedelta(seconds=20 * number))
        traffic = PortalTraffic(41, 612, 0, 9.3)
        self.store.portal_stats.record(
            traffic, {"crm.deal.update": 61.0, "crm.deal.list": 12.4, "crm.item.add": 3.0}, [], self.now
        )
        self.services.watch.run()

    def _hour(self, rng: random.Random, moment: datetime) -> None:
        stats, branch = self.store.stats, f"F{rng.randint(1, 5)}"
        created, updated = rng.randint(1, 9), rng.randint(4, 30)
        stats.count(branch, "created", moment, created)
        stats.count(branch, "updated", moment, updated)
        stats.count(branch, "unchanged", moment, rng.randint(0, 5))
        if rng.random() < 0.15:
            stats.count(branch, "rejected", moment, 1)
        spent = {"seconds": rng.uniform(0.3, 1.4), "waited": rng.uniform(0.0, 4.0), "timed": 1}
        stats.add(branch, spent, moment)

    def succeeded(self, branch_id: str, ago: timedelta, error: str = "") -> None:
        """Записывает, когда филиал в последний раз читался."""
        self.store.stats.note(branch_id, "last_success", (self.now - ago).isoformat())
        self.store.stats.note(branch_id, "last_error", error)
        self.store.cursors.save(branch_id, ChangePoint(clinic_now() - ago, 0))

    def lose_base(self) -> None:
        """База D2 не отвечает двенадцать минут."""
        error = "База Ident: сервер базы не найден: проверьте server, instance, port (SQLSTATE 08001)"
        for branch_id in ("F3", "F4"):
            self.succeeded(branch_id, timedelta(minutes=12), error)

    def halt(self) -> None:
        """Портал не принял вебхук; записи копятся."""
        text = "crm.deal.list: вебхук не принят: проверьте его код или создайте новый"
        self.store.gate.halt(Halt("unauthorized", text, self.now - timedelta(minutes=4)))
        self.store.outbox.put([f"F2_{number}" for number in range(37)], self.now, timedelta(minutes=2))
        trouble = PortalTrouble(self.now - timedelta(minutes=4), "crm.deal.list", "отказ", text)
        self.store.portal_stats.record(PortalTraffic(), {}, [trouble], self.now)

    def rest(self) -> None:
        """Администратор поставил паузу минуту назад."""
        self.store.gate.pause(self.now - timedelta(minutes=1))

    def fail(self, count: int) -> None:
        """Столько записей портал не принял."""
        for number in range(count):
            reason, message = REASONS[number % len(REASONS)]
            self._refuse(f"F{number % 5 + 1}_{70_000 + number}", reason, message)

    def _refuse(self, uid: str, reason: str, message: str) -> None:
        outbox, moment = self.store.outbox, self.now - timedelta(minutes=9)
        outbox.put([uid], moment, timedelta())
        claim = outbox.claim(uid, moment, timedelta(minutes=1))
        assert claim is not None
        outbox.fail(claim, moment, reason, message)
        self.store.stats.count(uid.partition("_")[0], "failed", moment)

    def postpone(self, count: int) -> None:
        """Столько записей ждут повтора."""
        for number in range(count):
            uid = f"F1_{80_000 + number}"
            self.store.outbox.put([uid], self.now, timedelta())
            claim = self.store.outbox.claim(uid, self.now, timedelta(minutes=1))
            assert claim is not None
            due = self.now + timedelta(minutes=4, seconds=number * 7)
            self.store.outbox.postpone(claim, due, "api", "crm.deal.update: сбой на портале")

    def reject(self) -> None:
        """Два приёма надо исправить в Ident, один из него пропал, на одном споткнулась программа."""
        rows = (
            ("F2_88", "reception_deleted", "Приёма нет в базе Ident, сделка 312 осталась"),
            ("F5_90", "rule_failed", "Программа не разобрала запись (KeyError, mapping.py:140)"),
            ("F1_501", "phone_invalid", "Телефон 8916***45: 10 цифр вместо 11, впишите номер целиком"),
            ("F4_77", "card_number_missing", "Поле «Номер карты» обязательно, но пусто"),
        )
        for uid, reason, message in rows:
            self.store.links.reject(Rejection(uid, reason, message, self.now - timedelta(hours=2)))

    def trouble(self, times: int) -> None:
        """Портал столько раз подряд отказал одними словами."""
        reason, message = REASONS[1]
        found = [PortalTrouble(self.now, "crm.deal.update", "отказ", message)] * times
        self.store.portal_stats.record(PortalTraffic(), {}, found, self.now)
        for number in range(times):
            self._refuse(f"F1_{90_000 + number}", reason, message)

    def failed(self) -> int:
        """Возвращает число неотправленных записей."""
        depths = [self.store.outbox.depth(f"F{number}") for number in range(1, 6)]
        return sum(depth[EntryState.FAILED] for depth in depths)

    def close(self) -> None:
        """Закрывает соединения."""
        self.world.close()
