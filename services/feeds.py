"""Сборка лент филиала: приёмы, снимки планов и добавленные сущности — из одних и тех же частей."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from config.loader import application_key
from services.domain.branches import BranchRule
from services.domain.entity import Entity
from services.domain.judgement import Rules
from services.sync.backfill import Backfill
from services.sync.deals import Deals
from services.sync.entities import EntityFeed
from services.sync.extract import Extract
from services.sync.feed import Feed, Work
from services.sync.intake import Intake
from services.sync.ownership import DealOwnership
from services.sync.receptions import ReceptionFeed
from services.sync.reconcile import Reconcile
from services.sync.redrive import Redrive
from services.sync.sender import Sender
from services.sync.snapshots import PlanFeed

if TYPE_CHECKING:
    from config.models import Settings
    from services.bitrix.plan_deals import BitrixPlanDeals
    from services.ident.source import IdentSource
    from services.ports import Crm

RECEPTIONS, PLANS = "receptions", "plans"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Одна лента целиком: выборка, отправка, сверка."""

    feed: Feed
    extract: Extract
    sender: Sender
    reconcile: Reconcile


@dataclass(frozen=True, slots=True)
class BranchServices:
    """Сценарии одного филиала; ``feeds`` — ленты по именам: receptions, plans, имена сущностей."""

    feeds: Mapping[str, Pipeline]
    receptions: ReceptionFeed
    redrive: Redrive
    backfill: Backfill

    def by_letter(self, letter: str) -> Pipeline | None:
        """Возвращает ленту по букве ключа записи; незнакомая — None."""
        return next((line for line in self.feeds.values() if line.feed.letter == letter), None)


@dataclass(frozen=True, slots=True)
class Portal:
    """Портал глазами лент: сделки и снимки планов в них."""

    crm: Crm
    plan_deals: BitrixPlanDeals


def branch_services(
    work: Work,
    portal: Portal,
    branch_id: str,
    source: IdentSource,
    pause: Callable[[timedelta], None],
    entities: Mapping[str, Entity],
) -> BranchServices:
    """Собирает ленты филиала; неизвестный филиал — KeyError."""
    from services.ident.entity_source import IdentEntitySource
    from services.ident.plan_source import IdentPlanSource

    settings, rules = work.settings, rules_of(work.settings, branch_id)
    deals = Deals(work, portal.crm, branch_id, application_key(settings))
    ownership = DealOwnership(work, portal.crm, branch_id)
    plans = PlanFeed(rules, IdentPlanSource(source), portal.plan_deals, ownership, work)
    receptions = ReceptionFeed(rules, source, deals, plans.deal_appeared)
    feeds: dict[str, Feed] = {RECEPTIONS: receptions, PLANS: plans}
    for path in (path for path in settings.node.entities if path.stem in entities):
        # Имя запроса — полный путь без окончания: запрос лежит рядом с модулем сущности.
        rows = IdentEntitySource(source, str(path.with_suffix("")))
        feeds[path.stem] = EntityFeed(rules, path.stem, entities[path.stem], rows, deals)
    lines = {name: pipeline(feed, work, pause) for name, feed in feeds.items()}
    backfill = Backfill(Intake(receptions, work), source, work)
    return BranchServices(lines, receptions, Redrive(branch_id, work), backfill)


def pipeline(feed: Feed, work: Work, pause: Callable[[timedelta], None]) -> Pipeline:
    intake = Intake(feed, work)
    return Pipeline(feed, Extract(intake, work, pause), Sender(intake, work), Reconcile(intake, work))


def rules_of(settings: Settings, branch_id: str) -> Rules:
    """Возвращает правила филиала; неизвестный — KeyError."""
    own = settings.branch(branch_id)
    mates = settings.branches_of(own.database)
    neighbours = tuple(
        BranchRule(mate.number, mate.name, mate.aliases, mate.home or len(mates) == 1) for mate in mates
    )
    return Rules(own.number, own.database, neighbours, settings.rules.zone, settings.rules.required_fields)
