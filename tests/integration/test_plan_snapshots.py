"""Снимки планов: из базы Ident в открытые сделки пациента на настоящих Redis и портале (СПЕЦ 2.3.2)."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.portal.faults import Fault, FaultKind
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from services.bitrix.plan_deals import BitrixPlanDeals
from services.container import Services
from services.domain.errors import RetriableError
from services.domain.outbox import EntryState, Permit
from services.feeds import rules_of
from services.ident.plan_source import IdentPlanSource
from services.ident.sqlite import clinic_now
from services.sealing import SnapshotSeal
from services.sync.feed import Outcome
from services.sync.intake import Intake
from services.sync.ownership import DealOwnership
from services.sync.sender import Sender
from services.sync.snapshots import PlanFeed
from tests.support.world import World

FIELD = "UF_CRM_TREATMENT_PLANS"


class PlanClinic(World):
    """Мир с планами: заводит их и переносит снимки так же, как задачи."""

    def plan(
        self, patient_id: int, lines: int = 2, ago: timedelta = timedelta(), **values: object
    ) -> tuple[int, list[int]]:
        """Заводит план со строками; отметки времени — настоящие, ``ago`` назад."""
        self.ident.clock = clinic_now() - ago
        stamps = {"DateTimeAdded": self.ident.clock, "DateTimeCreated": self.ident.clock}
        plan_id = self.ident.insert(
            "TreatmentPlans", **{"ID_Patients": patient_id, "Name": "Санация", **stamps, **values}
        )
        rows = {"ID_TreatmentPlans": plan_id, "ID_ServicePrices": 1, "DateTimeAdded": self.ident.clock}
        return plan_id, [self.ident.insert("TreatmentPlanElementRelations", **rows) for _ in range(lines)]

    def fulfil(self, reception_id: int, plan_id: int, line_id: int) -> None:
        """Выполняет строку плана заказом приёма."""
        order_id = self.order(reception_id)
        links = {"ID_TreatmentPlans": plan_id, "ID_TreatmentPlanElementRelations": line_id}
        self.ident.line(order_id, **links, DateTimeAdded=clinic_now())

    def sync_deals(self) -> None:
        """Переносит приёмы; снимки новых сделок встают в очередь сами."""
        for uid in self.extract():
            self.send(uid)

    def sync_plans(self) -> list[Outcome | RetriableError]:
        """Выбирает изменившиеся планы и отправляет всё, что ждёт."""
        self.take("plans")
        return self.push_all()

    def push_all(self) -> list[Outcome | RetriableError]:
        """Отправляет снимки, которые ждут в очереди."""
        keys = [entry.uid for entry in self.services.store.outbox.entries("F1") if "_P" in entry.uid]
        return [self.push(key) for key in keys]

    def push(self, key: str) -> Outcome | RetriableError:
        """Отправляет снимок пациента."""
        return self.send(key)

    def snapshot(self, uid: str) -> Any:
        """Возвращает снимок из сделки; пусто — None."""
        text = self.deal(uid).get(FIELD)
        return json.loads(text) if text else None

    def writes(self) -> int:
        """Возвращает, сколько раз сделки обновлялись."""
        return sum(record.commands.count("crm.deal.update") for record in self.portal.stats.records)


class Interrupted(BitrixPlanDeals):
    """Сделки портала, среди записи которых случается ещё что-то."""

    def __init__(self, services: Services, meanwhile: Callable[[], None]) -> None:
        super().__init__(services.client, services.settings.portal, SnapshotSeal(b"key"))
        self._meanwhile = meanwhile

    def write(self, deal_id: int, snapshot: str, *, permit: Permit | None = None) -> None:
        """Пишет снимок, и тут же появляется новая сделка."""
        super().write(deal_id, snapshot, permit=permit)
        self._meanwhile()


def pusher(clinic: PlanClinic, deals: BitrixPlanDeals) -> Sender:
    """Собирает отправку снимков на данных сделках."""
    work = clinic.services.work
    ownership = DealOwnership(work, clinic.services.crm, "F1")
    source = IdentPlanSource(clinic.services.source("D1"))
    feed = PlanFeed(rules_of(work.settings, "F1"), source, deals, ownership, work)
    return Sender(Intake(feed, work), work)


@pytest.fixture
def clinic(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[PlanClinic]:
    """Клиника с планами."""
    clinic = PlanClinic(tmp_path / "clinic", redis_url, portal)
    yield clinic
    clinic.close()


@pytest.fixture
def patient(clinic: PlanClinic) -> int:
    """Пациент с планом из двух строк."""
    return clinic.patient()


def test_new_deal_gets_the_snapshot_of_a_plan_that_did_not_change(clinic: PlanClinic, patient: int) -> None:
    clinic.plan(patient)
    clinic.sync_plans()
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.push_all()
    snapshot = clinic.snapshot(uid)
    assert (snapshot["patient"], snapshot["card"]) == ("Лунёва Алсу", f"К-{patient}")
    assert [plan["sums"][0] for plan in snapshot["plans"]] == [10000.0]
    assert snapshot["at"].endswith("+03:00")


def test_deal_made_again_after_people_deleted_it_gets_its_snapshot_again(
    clinic: PlanClinic, patient: int
) -> None:
    clinic.plan(patient)
    uid = f"F1_{(reception_id := clinic.book(patient))}"
    clinic.sync_deals()
    clinic.push_all()
    snapshot = clinic.snapshot(uid)
    with clinic.portal.state.changing():
        clinic.portal.state.remove(DEAL, clinic.deal(uid)["ID"])
    clinic.mark(reception_id, Comment="ещё раз")
    clinic.sync_deals()
    clinic.push_all()
    assert clinic.snapshot(uid)["plans"] == snapshot["plans"]


def test_new_deal_of_a_patient_without_plans_costs_nothing(clinic: PlanClinic, patient: int) -> None:
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    assert clinic.push_all() == []
    assert clinic.snapshot(uid) is None


def test_change_of_status_updates_every_open_deal_of_the_patient(clinic: PlanClinic, patient: int) -> None:
    plan_id, lines = clinic.plan(patient)
    first, second = clinic.book(patient), clinic.book(patient)
    clinic.sync_deals()
    clinic.sync_plans()
    clinic.fulfil(first, plan_id, lines[0])
    assert clinic.sync_plans() == [Outcome.UPDATED]
    done = [clinic.snapshot(f"F1_{number}")["plans"][0]["sums"][4] for number in (first, second)]
    assert done == [1, 1]


def test_deal_of_a_reception_of_last_year_is_updated_too(clinic: PlanClinic, patient: int) -> None:
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    year_ago = clinic_now() - timedelta(days=365)
    clinic.ident.change("Receptions", int(uid[3:]), PlanStart=year_ago, DateTimeAdded=year_ago)
    clinic.plan(patient)
    assert clinic.sync_plans() == [Outcome.UPDATED]
    assert clinic.snapshot(uid)["plans"]


def test_closed_deal_keeps_what_it_had(clinic: PlanClinic, patient: int) -> None:
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.move(uid, "C1:LOSE")
    clinic.plan(patient)
    assert clinic.sync_plans() == [Outcome.UNCHANGED]
    assert clinic.snapshot(uid) is None


def test_unchanged_plan_is_not_written_again(clinic: PlanClinic, patient: int) -> None:
    clinic.plan(patient)
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.sync_plans()
    before, written = clinic.writes(), clinic.snapshot(uid)["at"]
    assert clinic.sync_plans() == []
    assert (clinic.writes(), clinic.snapshot(uid)["at"]) == (before, written)


def test_lost_memory_reads_the_portal_and_writes_nothing(
    clinic: PlanClinic, patient: int, redis_client: Any
) -> None:
    clinic.plan(patient)
    clinic.book(patient)
    clinic.sync_deals()
    clinic.sync_plans()
    before = clinic.writes()
    redis_client.flushall()
    assert clinic.sync_plans() == [Outcome.HALTED]  # карантин после потери памяти
    clinic.clock.shift += timedelta(minutes=2)
    assert clinic.push_all() == [Outcome.UNCHANGED]
    assert clinic.writes() == before


def test_retired_plan_clears_the_field(clinic: PlanClinic, patient: int) -> None:
    plan_id, _ = clinic.plan(patient)
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.sync_plans()
    clinic.ident.change("TreatmentPlans", plan_id, IsActive=0, DateTimeChanged=clinic_now())
    assert clinic.sync_plans() == [Outcome.UPDATED]
    assert clinic.snapshot(uid) is None


def test_sweep_finds_what_moves_no_mark_of_time(clinic: PlanClinic, patient: int) -> None:
    plan_id, _ = clinic.plan(patient, ago=timedelta(hours=2))
    clinic.plan(clinic.patient("Иная", "Анна", "+79031112299"))
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.sync_plans()
    clinic.ident.change("TreatmentPlans", plan_id, Name="Переименован молча")
    assert clinic.sync_plans() == []
    assert clinic.reconcile("plans") == [f"F1_P{patient}"]
    clinic.push_all()
    assert clinic.snapshot(uid)["plans"][0]["name"] == "Переименован молча"


def test_portal_failure_waits_in_the_same_outbox_and_is_retried(clinic: PlanClinic, patient: int) -> None:
    clinic.plan(patient)
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.portal.portal.faults.add(Fault(FaultKind.RESET, ("crm.deal.update",)))
    (answer,) = clinic.sync_plans()
    assert isinstance(answer, RetriableError)
    assert clinic.services.store.outbox.depth("F1")[EntryState.DOUBT] == 1
    clinic.clock.shift += timedelta(minutes=30)
    assert clinic.push_all() == [Outcome.UPDATED]
    assert clinic.snapshot(uid)["plans"]
    assert sum(clinic.services.store.outbox.depth("F1").values()) == 0


def test_deal_that_appears_during_a_push_is_not_forgotten(clinic: PlanClinic, patient: int) -> None:
    clinic.plan(patient)
    key, now = f"F1_P{patient}", clinic.clock.now()
    outbox = clinic.services.store.outbox
    outbox.put([key], now, timedelta(minutes=2))
    claim = outbox.claim(key, now, timedelta(seconds=100))
    assert claim is not None
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    assert outbox.complete(claim, now) is False
    clinic.push_all()
    assert clinic.snapshot(uid)["plans"]


def test_deal_that_appears_while_another_is_written_gets_its_snapshot(
    clinic: PlanClinic, patient: int
) -> None:
    clinic.plan(patient)
    first = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    second = f"F1_{clinic.book(patient)}"
    deals = Interrupted(clinic.services, clinic.sync_deals)
    assert pusher(clinic, deals).run(f"F1_P{patient}") is Outcome.UPDATED
    assert clinic.branch().redrive.due() == [f"F1_P{patient}"]
    clinic.push_all()
    assert clinic.snapshot(first)
    assert clinic.snapshot(second)


def test_portal_without_the_key_field_stops_and_overwrites_nobody(
    clinic: PlanClinic, patient: int, portal: PortalServer
) -> None:
    clinic.plan(patient)
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    fields = portal.state.userfields
    fields[:] = [row for row in fields if row["FIELD_NAME"] != "UF_CRM_IDENT_PATIENT"]
    assert clinic.sync_plans() == [Outcome.HALTED]
    halt = clinic.services.store.gate.halted()
    assert halt is not None
    assert halt.reason == "key_field_missing"
    assert clinic.snapshot(uid) is None


def test_long_plan_fits_the_field_and_says_what_is_hidden(clinic: PlanClinic, patient: int) -> None:
    clinic.plan(patient, lines=300)
    uid = f"F1_{clinic.book(patient)}"
    clinic.sync_deals()
    clinic.sync_plans()
    text = clinic.deal(uid)[FIELD]
    (plan,) = json.loads(text)["plans"]
    shown = sum(len(rows) for _, _, rows in plan["stages"])
    assert len(text.encode()) <= 12_000
    assert shown + plan["hidden"] == 300
    assert plan["sums"][0] == 1_500_000.0


def test_nothing_about_the_patient_is_left_in_redis(
    clinic: PlanClinic, patient: int, redis_client: Any
) -> None:
    from tests.integration.test_plan_lookup import everything

    clinic.plan(patient)
    clinic.book(patient)
    clinic.sync_deals()
    clinic.take("plans")
    assert not any(secret in everything(redis_client) for secret in ("Лун", "Алсу", "Санация"))


def test_hundred_plans_of_one_cycle_reach_the_portal(clinic: PlanClinic) -> None:
    """СПЕЦ 3.1.2 № 1: за цикл — до 100 планов."""
    patients = [clinic.patient(phone=f"+79037{number:06}") for number in range(100)]
    uids = [f"F1_{clinic.book(patient)}" for patient in patients]
    clinic.sync(threads=50)
    for patient in patients:
        clinic.plan(patient)
    keys = clinic.take("plans")
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(clinic.push, keys))
    assert [uid for uid in uids if clinic.snapshot(uid) is None] == []
