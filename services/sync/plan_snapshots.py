"""Снимки планов: изменившееся — в очередь отправки, из очереди — в открытые сделки пациента (СПЕЦ 2.3.2).

Запись очереди — пациент (``F1_P17``), а не сделка: какие его сделки открыты, знает портал. Поэтому снимок
доходит и до сделок тех приёмов, что давно вне окна выборки (ADR 0011).
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta, timezone

from services.domain.plan_key import PlanKey, parse_plan_key
from services.domain.plan_snapshot import Snapshot, hash_of, take_snapshot
from services.domain.plan_view import newest_first, patient_view, plan_view, rows_by_plan
from services.domain.reception import parse_uid
from services.ports import (
    Claim,
    Clock,
    Journal,
    Link,
    Links,
    Locks,
    Outbox,
    PlanDeals,
    PlanSource,
    SendGate,
    Stats,
)
from services.sync.branch import Branch, Pace
from services.sync.delivery import Busy, Outcome, lingering
from services.sync.sending import Sending


class Snapshots:
    """Снимки, какими они должны быть сейчас."""

    def __init__(self, source: PlanSource, clock: Clock, zone: timezone) -> None:
        self._source, self._clock, self._zone = source, clock, zone

    def of(self, patient_id: int) -> Snapshot | None:
        """Снимает действующие планы пациента; пациента в базе нет — None."""
        patient = self._source.patient(patient_id)
        if patient is None:
            return None
        heads = newest_first(self._source.active_plans(patient_id))
        rows = rows_by_plan(self._source.plan_rows([head.plan_id for head in heads]))
        plans = [plan_view(head, rows.get(head.plan_id, []), self._zone) for head in heads]
        return take_snapshot(patient_view(patient), plans, self._clock.now().astimezone(self._zone))


class PlanIntake:
    """Приёмка планов одного филиала: в очередь идут пациенты, чей снимок устарел."""

    def __init__(
        self,
        branch_id: str,
        source: PlanSource,
        snapshots: Snapshots,
        outbox: Outbox,
        links: Links,
        pace: Pace,
    ) -> None:
        self._branch_id, self.source, self._snapshots = branch_id, source, snapshots
        self._outbox, self._links, self.pace = outbox, links, pace

    @property
    def name(self) -> str:
        """Возвращает имя выборки планов."""
        return f"{self._branch_id}.plans"

    def take(self, patient_ids: Sequence[int], now: datetime) -> Sequence[str]:
        """Ставит в очередь пациентов с новым снимком; возвращает ключи для подсказок."""
        keys = [str(PlanKey(self._branch_id, number)) for number in patient_ids]
        known = self._links.get(keys)
        stale = [key for key in keys if self._is_stale(key, known.get(key))]
        return self._outbox.put(stale, now, self.pace.hint_timeout) if stale else ()

    def deal_created(self, reception_uid: str, now: datetime) -> Sequence[str]:
        """Ставит в очередь пациента новой сделки, если у него есть планы: в ней снимка ещё нет.

        Срок — сразу: подсказку пошлёт ближайший обход очереди, кто бы сделку ни создал.
        """
        patient = self.source.patient_of(parse_uid(reception_uid).reception_id)
        if patient is None or not self.source.active_plans(patient.patient_id):
            return ()
        key = str(PlanKey(self._branch_id, patient.patient_id))
        return self._outbox.put([key], now, timedelta())

    def _is_stale(self, key: str, link: Link | None) -> bool:
        snapshot = self._snapshots.of(parse_plan_key(key).patient_id)
        return snapshot is not None and (link is None or link.fingerprint != snapshot.fingerprint)


class PlanSweep:
    """Часовой обход: изменения, не двигающие отметок времени (удалённая строка, переименованная услуга)."""

    def __init__(self, intake: PlanIntake, locks: Locks, journal: Journal, clock: Clock) -> None:
        self._intake, self._locks, self._journal, self._clock = intake, locks, journal, clock

    def packets(self) -> Generator[Sequence[str], None, None]:
        """Выдаёт пакеты ключей, которым нужна подсказка."""
        pace, name = self._intake.pace, self._intake.name
        with self._locks.hold(f"sweep:{name}", pace.turn) as lease:
            if lease is None:
                self._journal.info("sweep_busy", branch=name)
                return
            for page in self._pages():
                yield self._intake.take(page, self._clock.now())
                if not lease.extend():
                    return

    def _pages(self) -> Iterator[Sequence[int]]:
        source, pace, after = self._intake.source, self._intake.pace, 0
        now = source.now()
        since, until = now - pace.reconcile_back, now + pace.reconcile_ahead
        while page := source.planned_between(since, until, after):
            yield page
            after = page[-1]


class PlanPush(Sending):
    """Отправка снимка одного пациента во все его открытые сделки.

    BUSY — пока писали, пациента поставили снова (появилась сделка): подсказку надо послать ещё раз.
    """

    def __init__(
        self,
        branch: Branch,
        snapshots: Snapshots,
        deals: PlanDeals,
        links: Links,
        locks: Locks,
        pace: Pace,
        outbox: Outbox,
        gate: SendGate,
        stats: Stats,
        journal: Journal,
        clock: Clock,
    ) -> None:
        super().__init__(branch, pace, outbox, gate, stats, journal, clock)
        self._snapshots, self._deals, self._links, self._locks = snapshots, deals, links, locks

    def _locked(self, claim: Claim) -> Outcome:
        patient = f"{self._branch.database_id}_{parse_plan_key(claim.uid).patient_id}"
        with self._locks.hold(f"plans:{patient}", self._pace.lease) as lease:
            if lease is None:
                raise Busy
            with lingering(lease, self._pace.uncertainty):
                return self._pushed(claim, patient)

    def _pushed(self, claim: Claim, patient: str) -> Outcome:
        snapshot = self._snapshots.of(parse_plan_key(claim.uid).patient_id)
        if snapshot is None:
            self._outbox.complete(claim, self._clock.now())
            return Outcome.FOREIGN
        written = self._written(claim, patient, snapshot)
        if not self._outbox.complete(claim, self._clock.now()):
            return Outcome.BUSY
        return Outcome.UPDATED if written else Outcome.UNCHANGED

    def _written(self, claim: Claim, patient: str, snapshot: Snapshot) -> int:
        """Пишет снимок в сделки, где стоит другой; возвращает, во сколько.

        Верим сделкам, а не памяти: новая сделка могла появиться, пока писали прежние.
        """
        stale = [deal for deal in self._deals.open_deals(patient) if not _carries(deal.snapshot, snapshot)]
        for deal in stale:
            self._deals.write(deal.deal_id, snapshot.text)
            self._journal.info("plans_written", plans=claim.uid, deal=deal.deal_id)
        self._links.save(claim.uid, Link(snapshot.fingerprint, None))
        self._gate.succeeded(self._clock.now())
        return len(stale)

    def _count(self, outcome: Outcome, started: datetime) -> None:
        """Считает снимки отдельно: среди обработанных приёмов им не место."""
        self._stats.count(self._branch.branch_id, f"plans_{outcome}", self._clock.now())


def _carries(written: str, snapshot: Snapshot) -> bool:
    return hash_of(written) == snapshot.fingerprint if snapshot.text else not written
