"""Лента снимков планов: изменившийся план пациента → открытые сделки пациента (СПЕЦ 2.3.2).

Запись ленты — пациент (``F1_P17``), а не сделка: какие его сделки открыты, знает портал. Поэтому снимок
доходит и до сделок тех приёмов, что давно вне окна выборки (ADR 0011).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from services.domain.branches import possible_uids
from services.domain.crm import PlanDeal
from services.domain.cursor import ChangePage, ChangePoint
from services.domain.errors import SkippableError
from services.domain.fingerprint import fingerprint
from services.domain.judgement import Foreign, Ready, Rules, Verdict
from services.domain.keys import PLANS, RECEPTION, RecordKey, parse_key
from services.domain.outbox import Claim, Link
from services.domain.plan_snapshot import Snapshot, hash_of, take_snapshot
from services.domain.plan_view import (
    PlanHead,
    PlanPatient,
    PlanRow,
    newest_first,
    patient_view,
    phone_of,
    plan_view,
    rows_by_plan,
)
from services.sync.feed import Attempt, Delivered, Outcome, Work, reading
from services.sync.ownership import DealOwnership

if TYPE_CHECKING:
    from services.bitrix.plan_deals import BitrixPlanDeals
    from services.ident.plan_source import IdentPlanSource

PAGE = 50


@dataclass(frozen=True, slots=True, repr=False)
class PatientPlans:
    """Пациент и его действующие планы со строками."""

    patient: PlanPatient
    heads: Sequence[PlanHead]
    rows: Mapping[int, list[PlanRow]]


class PlanFeed:
    """Снимки планов пациентов одного филиала."""

    letter, counted = PLANS, "plans_"

    def __init__(
        self,
        rules: Rules,
        source: "IdentPlanSource",
        deals: "BitrixPlanDeals",
        ownership: DealOwnership,
        work: Work,
    ) -> None:
        self.rules, self._source, self._deals, self._work = rules, source, deals, work
        self._ownership = ownership
        self.name = f"{rules.branch_id}.plans"

    def now(self) -> datetime:
        return self._source.now()

    def changed(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 пациентов, чьи планы изменились строго после точки."""
        return self._source.changed_after(point)

    def planned(self, since: datetime, until: datetime, after: int) -> Sequence[int]:
        """Возвращает до 50 пациентов с действующими планами и приёмами в [since, until)."""
        return self._source.planned_between(since, until, after)

    def read(self, numbers: Sequence[int]) -> Mapping[int, PatientPlans | None]:
        """Возвращает планы пациентов; пациента в базе нет — None."""
        return {**dict.fromkeys(numbers), **read_plans(self._source, numbers)}

    def judge(self, number: int, row: PatientPlans | None, now: datetime) -> Verdict:
        if row is None:
            return Foreign()
        snapshot = snapshot_of(row, now.astimezone(self.rules.zone))
        return Ready(snapshot, fingerprint([snapshot.fingerprint, self._deals.mark]), near=False)

    def existing(self, numbers: Sequence[int]) -> Collection[int]:
        """Возвращает все: удаление этих записей не отслеживается."""
        return numbers

    def cancel(self, claim: Claim, deal_id: int) -> None:
        """Не делает ничего: удаление этих записей не отслеживается."""

    def strayed(self, linked: Mapping[int, Link]) -> Mapping[int, Link]:
        """Возвращает пусто: своей сделки у снимка нет."""
        return {}

    def deliver(self, attempt: Attempt) -> Delivered:
        """Пишет снимок в открытые сделки, где стоит другой.

        Верим сделкам, а не памяти: новая сделка могла появиться, пока писали прежние.
        """
        snapshot, patient = attempt.ready.draft, f"{self.rules.database_id}_{attempt.key.number}"
        with reading():
            deals = self._deals.open_deals(patient)
        stale = [deal for deal in deals if not _carries(deal, snapshot) and self._is_own(deal, attempt)]
        for deal in stale:
            self._deals.write(deal.deal_id, snapshot.text, permit=attempt.permit)
            self._work.journal.info("plans_written", plans=attempt.uid, deal=deal.deal_id)
        return Delivered(Outcome.UPDATED if stale else Outcome.UNCHANGED)

    def _is_own(self, deal: PlanDeal, attempt: Attempt) -> bool:
        """Отвечает, сделка ли это приёма этого пациента: поле пациента в ней вписал бы и сотрудник.

        О чужой — тревога; сделка добавленной сущности планов не носит.
        """
        try:
            key = parse_key(deal.uid.strip().upper())
        except SkippableError:
            self._ownership.alarm(attempt.uid, deal.deal_id, deal.created_by)
            return False
        if key.letter != RECEPTION:
            return False
        uids = possible_uids(key.number, self.rules.neighbours)
        patient = self._source.patient_of(key.number) if str(key) in uids else None
        own = [str(key), *(uid for uid in uids if uid != str(key))]
        theirs = patient if patient is not None and patient.patient_id == attempt.key.number else None
        phone = phone_of(theirs) if theirs is not None else None
        if theirs is not None and self._ownership.belongs(deal.deal_id, deal.created_by, own, phone):
            return True
        self._ownership.alarm(str(key), deal.deal_id, deal.created_by)
        return False

    def deal_appeared(self, reception_id: int) -> None:
        """Ставит в очередь пациента новой сделки, если у него есть планы: в ней снимка ещё нет.

        Срок — сразу: подсказку пошлёт ближайший обход очереди, кто бы сделку ни создал.
        """
        patient = self._source.patient_of(reception_id)
        if patient is None or not self._source.active_plans([patient.patient_id]):
            return
        key = RecordKey(self.rules.number, PLANS, patient.patient_id)
        self._work.store.outbox.put([str(key)], self._work.clock.now(), timedelta())


def read_plans(source: "IdentPlanSource", numbers: Sequence[int]) -> Mapping[int, PatientPlans]:
    """Читает действующие планы пациентов (до 50) со строками: три запроса на всех."""
    patients = {patient.patient_id: patient for patient in source.patients(numbers)}
    heads = source.active_plans(list(patients)) if patients else {}
    ids = [head.plan_id for own in heads.values() for head in own]
    lines = rows_by_plan(
        row for at in range(0, len(ids), PAGE) for row in source.plan_rows(ids[at : at + PAGE])
    )
    return {
        number: PatientPlans(patient, newest_first(heads.get(number, ())), lines)
        for number, patient in patients.items()
    }


def snapshot_of(plans: PatientPlans, at: datetime) -> Snapshot:
    """Снимает планы пациента; время — в поясе базы."""
    assert isinstance(at.tzinfo, timezone)
    views = [plan_view(head, plans.rows.get(head.plan_id, []), at.tzinfo) for head in plans.heads]
    return take_snapshot(patient_view(plans.patient), views, at)


def _carries(deal: PlanDeal, snapshot: Snapshot) -> bool:
    """Отвечает, тот ли снимок в сделке: оттиск в тексте вписал бы и сотрудник, доказывает его печать."""
    if not snapshot.text:
        return not deal.snapshot
    return deal.sealed and hash_of(deal.snapshot) == snapshot.fingerprint
