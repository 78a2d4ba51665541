"""Счётчики на настоящем Redis: часы, скользящий час, всё время, обращения к порталу, пауза."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from demo.portal.faults import Fault, FaultKind
from services.bitrix.reporting import TrafficReport
from services.domain.errors import StoreError
from services.ports import PortalTraffic, PortalTrouble
from services.store.bundle import Store
from services.sync.feed import Outcome
from tests.support.world import World

NOW = datetime(2026, 11, 24, 12, 32, 10, tzinfo=UTC)


@pytest.fixture
def store(redis_client: redis.Redis) -> Iterator[Store]:
    """Пустое состояние."""
    return Store(redis_client, "test")


def test_events_are_summed_by_hours(store: Store) -> None:
    store.stats.count("F1", "created", NOW, 3)
    store.stats.count("F1", "created", NOW - timedelta(hours=2))
    store.stats.add("F1", {"seconds": 1.5, "waited": 4.0, "timed": 1}, NOW)
    hours = store.stats.hours("F1", NOW - timedelta(hours=23), NOW + timedelta(hours=1))
    assert {hour.hour: events["created"] for hour, events in hours.items()} == {10: 1.0, 12: 3.0}
    assert store.stats.totals("F1", NOW - timedelta(days=1), NOW) == {
        "created": 4.0,
        "seconds": 1.5,
        "waited": 4.0,
        "timed": 1.0,
    }


def test_last_hour_slides(store: Store) -> None:
    for minutes in (0, 30, 59, 70):
        store.stats.count("F1", "failed", NOW - timedelta(minutes=minutes))
    assert store.stats.last_hour("F1", NOW) == {"failed": 3.0}
    assert store.stats.last_hour("F1", NOW + timedelta(minutes=45)) == {"failed": 1.0}
    assert store.stats.last_hour("F1", NOW + timedelta(minutes=90)) == {}


def test_hours_live_35_days_and_the_grand_total_for_ever(store: Store, redis_client: redis.Redis) -> None:
    store.stats.count("F1", "created", NOW)
    lives = {key: redis_client.ttl(key) for key in redis_client.keys("test:stats:*")}
    assert max(lives.values()) == 35 * 86400
    assert lives["test:stats:F1:grand"] == -1
    assert store.stats.grand("F1") == {"created": 1.0}


def test_traffic_of_the_portal_is_summed(store: Store) -> None:
    trouble = PortalTrouble(NOW, "crm.deal.add", "отказ", "портал не принял данные")
    store.portal_stats.record(PortalTraffic(2, 30, 1, 0.5), {"crm.deal.add": 12.0}, [trouble], NOW)
    store.portal_stats.record(PortalTraffic(1, 5), {"crm.deal.list": 3.0}, [], NOW - timedelta(minutes=3))
    assert store.portal_stats.lately(NOW, 5) == PortalTraffic(3, 35, 1, 0.5)
    assert store.portal_stats.lately(NOW, 1) == PortalTraffic(2, 30, 1, 0.5)
    assert store.portal_stats.grand() == PortalTraffic(3, 35, 1, 0.5)
    assert store.portal_stats.operating() == {"crm.deal.add": 12.0, "crm.deal.list": 3.0}
    assert store.portal_stats.troubles() == [trouble]


def test_only_the_last_troubles_are_kept(store: Store) -> None:
    troubles = [PortalTrouble(NOW, f"m{number}", "отказ", "") for number in range(50)]
    store.portal_stats.record(PortalTraffic(), {}, troubles, NOW)
    assert [trouble.method for trouble in store.portal_stats.troubles()][:2] == ["m49", "m48"]
    assert len(store.portal_stats.troubles()) == 20


def test_client_tells_what_it_has_done(world: World) -> None:
    uid = f"F1_{world.book()}"
    world.sync()
    world.portal.portal.faults.add(Fault(FaultKind.COMMAND_ERROR, ("crm.deal.update",), code="ERROR_CORE"))
    world.order(world.book(), 1)
    world.services.client.call("profile", {})
    world.services.close()
    told = world.services.store.portal_stats.grand()
    assert told.requests == world.portal.stats.requests
    assert told.commands == world.portal.stats.commands
    assert world.deal(uid)
    assert "crm.deal.add" in world.services.store.portal_stats.operating()


def test_refusal_of_the_portal_is_remembered_without_people(world: World) -> None:
    fault = Fault(FaultKind.COMMAND_ERROR, ("crm.*.add",), times=None, description="Лунёва Алсу")
    world.portal.portal.faults.add(fault)
    world.book()
    world.sync()
    world.services.close()
    (trouble, *_) = world.services.store.portal_stats.troubles()
    assert trouble.method in ("crm.contact.add", "crm.deal.add")
    assert "портал не принял" in trouble.message
    assert "Лунёва" not in trouble.message


class BrokenStats:
    """Хранилище, которого нет; потом появляется."""

    def __init__(self) -> None:
        self.broken, self.told = True, [PortalTraffic()][:0]

    def record(self, traffic: PortalTraffic, *_: object) -> None:
        """Отказывает или запоминает."""
        if self.broken:
            raise StoreError("Redis недоступен")
        self.told.append(traffic)


def test_report_waits_for_redis_and_loses_no_count(world: World) -> None:
    stats = BrokenStats()
    report = TrafficReport(world.services.client, stats, world.clock)  # type: ignore[arg-type]
    world.services.client.call("profile", {})
    report.flush()
    stats.broken = False
    world.services.client.call("profile", {})
    report.flush()
    report.flush()
    assert [traffic.requests for traffic in stats.told] == [2, 0]


def test_pause_stops_reading_and_sending_and_keeps_everything(world: World) -> None:
    first = f"F1_{world.book()}"
    (hinted,) = world.extract()
    world.services.store.gate.pause(world.clock.now())
    second = f"F1_{world.book(world.patient(phone='+79037770001'))}"
    assert world.extract() == []
    assert world.send(hinted) is Outcome.HALTED
    assert world.branch().redrive.due() == ()
    assert world.deals() == []
    world.services.store.gate.unpause()
    world.clock.shift = timedelta(minutes=5)
    assert set(world.extract()) >= {second}
    for uid in (first, second):
        world.send(uid)
    assert {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()} == {first, second}


def test_rejected_reception_is_counted_once(world: World) -> None:
    reception_id = world.book()
    (uid,) = world.extract()
    world.ident.change("Receptions", reception_id, PlanEnd=None)
    assert world.send(uid) is Outcome.REJECTED
    assert world.services.store.stats.last_hour("F1", world.clock.now())["rejected"] == 1
