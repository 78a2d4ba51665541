"""Сборка сценариев филиала: приёмы, планы и добавленные сущности."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import application_key
from config.models import Settings
from services.domain.branches import BranchRule
from services.domain.entity import Entity
from services.domain.judgement import Court
from services.ports import Clock, Crm, Journal
from services.sync.backfill import Backfill
from services.sync.branch import Branch, Pace
from services.sync.delivery import DealPolicy, Delivery
from services.sync.entities import EntityCourt, EntityIntake, EntityPush
from services.sync.extract import Extract
from services.sync.intake import Intake
from services.sync.plan_snapshots import PlanIntake, PlanPush, PlanSweep, Snapshots
from services.sync.preview import Preview
from services.sync.reconcile import Reconcile
from services.sync.redrive import Redrive
from services.sync.upsert import Upsert

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient
    from services.ident.source import IdentSource
    from services.store.bundle import Store


@dataclass(frozen=True, slots=True)
class BranchServices:
    """Сценарии одного филиала."""

    extract: Extract
    upsert: Upsert
    redrive: Redrive
    reconcile: Reconcile
    backfill: Backfill
    plans: PlanServices


@dataclass(frozen=True, slots=True)
class PlanServices:
    """Снимки планов одного филиала."""

    extract: Extract
    sweep: PlanSweep
    push: PlanPush
    intake: PlanIntake


@dataclass(frozen=True, slots=True)
class EntityServices:
    """Обмен одной добавленной сущностью одного филиала."""

    extract: Extract
    push: EntityPush


@dataclass(frozen=True, slots=True)
class Assembly:
    """Детали, из которых собираются сценарии: состояние, портал, базы, темп и правила."""

    settings: Settings
    store: Store
    client: BitrixClient
    crm: Crm
    source: Callable[[str], IdentSource]
    journal: Journal
    clock: Clock
    pause: Callable[[timedelta], None]

    def branch(self, branch_id: str) -> BranchServices:
        """Собирает сценарии филиала; неизвестный филиал — KeyError."""
        store, journal, clock = self.store, self.journal, self.clock
        branch, pace = branch_of(self.settings, branch_id), pace_of(self.settings)
        source = self.source(branch.database_id)
        intake = Intake(branch, source, store.outbox, store.links, store.stats, journal, pace)
        plans = self._plans(branch, pace)
        upsert = Upsert(
            intake,
            self._delivery(branch, pace),
            store.outbox,
            store.links,
            store.locks,
            store.gate,
            store.stats,
            journal,
            clock,
            plans.intake.deal_created,
        )
        return BranchServices(
            self._extract(intake),
            upsert,
            Redrive(branch_id, store.outbox, store.gate, store.stats, journal, clock, pace),
            Reconcile(intake, self.crm, store.links, store.locks, store.gate, journal, clock),
            Backfill(intake, store.backfills, store.locks, journal, clock),
            plans,
        )

    def entity(self, branch_id: str, path: Path, entity: Entity) -> EntityServices:
        """Собирает обмен добавленной сущностью; ``path`` — её модуль."""
        from services.ident.entity_source import IdentEntitySource

        store, journal = self.store, self.journal
        branch, pace = branch_of(self.settings, branch_id), pace_of(self.settings)
        # Имя запроса — полный путь без окончания: запрос лежит рядом с модулем сущности.
        source = IdentEntitySource(self.source(branch.database_id), str(path.with_suffix("")))
        name = f"{branch_id}.{path.stem}"
        intake = EntityIntake(
            name, EntityCourt(branch, entity), source, store.outbox, store.links, journal, pace
        )
        state = store.outbox, store.links, store.locks, store.gate, store.stats
        push = EntityPush(branch, intake, self._delivery(branch, pace), *state, journal, self.clock)
        return EntityServices(self._extract(intake), push)

    def preview(self, branch_id: str) -> Preview:
        """Собирает предпросмотр филиала: он ничего не пишет."""
        branch, store = branch_of(self.settings, branch_id), self.store
        source, policy = self.source(branch.database_id), policy_of(self.settings)
        state = store.cursors, store.links
        return Preview(branch, source, *state, self.crm, policy, pace_of(self.settings), self.clock)

    def _plans(self, branch: Branch, pace: Pace) -> PlanServices:
        from services.bitrix.plan_deals import BitrixPlanDeals
        from services.ident.plan_source import IdentPlanSource

        store, journal, clock = self.store, self.journal, self.clock
        source = IdentPlanSource(self.source(branch.database_id))
        snapshots = Snapshots(source, clock, self.settings.rules.zone)
        intake = PlanIntake(branch.branch_id, source, snapshots, store.outbox, store.links, pace)
        push = PlanPush(
            branch,
            snapshots,
            BitrixPlanDeals(self.client, self.settings.portal),
            store.links,
            store.locks,
            pace,
            store.outbox,
            store.gate,
            store.stats,
            journal,
            clock,
        )
        return PlanServices(
            self._extract(intake), PlanSweep(intake, store.locks, journal, clock), push, intake
        )

    def _extract(self, intake: Intake | PlanIntake | EntityIntake) -> Extract:
        store = self.store
        return Extract(
            intake, store.cursors, store.locks, store.stats, self.journal, self.clock, self.pause, store.gate
        )

    def _delivery(self, branch: Branch, pace: Pace) -> Delivery:
        store = self.store
        return Delivery(
            branch,
            pace,
            self.crm,
            store.outbox,
            store.links,
            store.locks,
            store.stats,
            self.journal,
            self.clock,
            policy_of(self.settings),
            application_key(self.settings),
        )


def branch_of(settings: Settings, branch_id: str) -> Branch:
    """Возвращает филиал с правилами суда над его приёмами; неизвестный — KeyError."""
    own = settings.branch(branch_id)
    mates = settings.branches_of(own.database)
    neighbours = tuple(
        BranchRule(mate.number, mate.name, mate.aliases, mate.home or len(mates) == 1) for mate in mates
    )
    rules = settings.rules
    return Branch(Court(own.number, own.database, neighbours, rules.zone, rules.required_fields))


def pace_of(settings: Settings) -> Pace:
    """Возвращает темп сценариев."""
    sync = settings.sync
    return Pace(
        overlap=sync.overlap,
        first_run=sync.first_run,
        packet_pause=sync.packet_pause,
        first_run_pause=sync.first_run_pause,
        large_change=sync.large_change,
        hint_timeout=sync.hint_timeout,
        lease=sync.lease,
        turn=sync.turn,
        uncertainty=settings.portal.uncertainty,
        schedules=settings.retries.schedules,
        revival=sync.revival,
        reconcile_back=sync.reconcile_back,
        reconcile_ahead=sync.reconcile_ahead,
        outbox_warning=sync.outbox_warning,
    )


def policy_of(settings: Settings) -> DealPolicy:
    """Возвращает, как приём ложится на портал."""
    portal, rules = settings.portal, settings.rules
    return DealPolicy(
        category_id=portal.category_id,
        stages=portal.stage_table,
        fields=portal.field_table,
        immutable=rules.immutable_fields,
        cancel_moves_manual=rules.cancel_moves_manual_stage,
        contact_matching=rules.contact_matching,
    )
