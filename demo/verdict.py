"""Приговор демонстрации: состояние портала против правил, а не против счётчиков программы.

Приёмы читаются из баз клиники заново, правила говорят, какой должна быть каждая сделка, и портал
сверяется с ними поле за полем. Стадии проверяются ещё и по истории: назад ни одна не ходила.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from config.models import BranchSettings, Settings
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.state import PortalState
from services.container import Services
from services.domain.cursor import ChangePoint
from services.domain.judgement import Ready, Refused
from services.domain.keys import RECEPTION, RecordKey
from services.domain.mapping import DealDraft, creation_fields, update_fields
from services.domain.phones import Phone, same_phone
from services.domain.plan_snapshot import Snapshot, hash_of
from services.domain.stages import MANUAL, RANK, KeepStage, SetStage, Stage, StageTable, move_stage
from services.feeds import rules_of
from services.ident.plan_source import IdentPlanSource
from services.ports import ReceptionSource
from services.sync.snapshots import read_plans, snapshot_of

Row = Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """Итог сверки: сколько сделок и отказов ждали и что разошлось (без людей)."""

    expected: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    @property
    def matches(self) -> bool:
        """Отвечает, верен ли портал."""
        return not self.differences


class Judge:
    """Сверка одного портала с клиникой."""

    def __init__(self, settings: Settings, state: PortalState, manual: Mapping[str, str]) -> None:
        self._settings, self._state, self._manual = settings, state, manual
        self._services = Services(settings)
        self._stages = settings.portal.stage_table
        self._key = settings.portal.field_table["reception_id"]
        self._verdict = Verdict()

    def judge(self, built_at: datetime) -> Verdict:
        """Сверяет всё, что изменилось за неделю до постройки клиники и позже."""
        since = built_at - self._settings.sync.first_run
        with self._state.lock:
            deals = self._deals_by_uid()
            for branch in self._settings.served:
                self._judge_branch(branch, since, deals)
            self._judge_snapshots()
            self._judge_history()
            self._judge_contacts()
        self._services.close()
        return self._verdict

    def _judge_snapshots(self) -> None:
        """Сверяет снимки планов: в открытой сделке стоит тот, что снялся бы сейчас (СПЕЦ 2.3.2)."""
        fields = self._settings.portal.field_table
        for deal in self._state.entities[DEAL].values():
            database_id, _, patient_id = str(deal.get(fields["ident_patient"]) or "").rpartition("_")
            if not database_id or deal["CLOSED"] == "Y":
                continue
            snapshot = self._snapshot(database_id, int(patient_id))
            wanted = snapshot.fingerprint if snapshot and snapshot.text else ""
            if hash_of(str(deal.get(fields["treatment_plans"]) or "")) != wanted:
                self._differ(str(deal.get(self._key)), "снимок планов")

    def _snapshot(self, database_id: str, patient_id: int) -> Snapshot | None:
        source = IdentPlanSource(self._services.source(database_id))
        now = self._services.clock.now().astimezone(self._settings.rules.zone)
        plans = read_plans(source, [patient_id]).get(patient_id)
        return snapshot_of(plans, now) if plans else None

    def _deals_by_uid(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for deal in self._state.entities[DEAL].values():
            if uid := deal.get(self._key):
                found.setdefault(uid, []).append(deal)
        return found

    def _judge_branch(self, settings: BranchSettings, since: datetime, deals: dict[str, list[Row]]) -> None:
        rules = rules_of(self._services.settings, settings.branch_id)
        source = self._services.source(settings.database)
        for reception in all_changed(source, since):
            uid = str(RecordKey(rules.number, RECEPTION, reception.reception_id))
            match rules.judge(reception, datetime.now(UTC)):
                case Ready() as ready:
                    self._verdict.expected += 1
                    self._judge_deal(uid, ready, deals.get(uid, []))
                case Refused() as refused:
                    self._verdict.refused.update({refused.violations[0].reason: 1})
                    self._judge_refused(uid, deals.get(uid, []))

    def _judge_deal(self, uid: str, ready: Ready[DealDraft], deals: Sequence[Row]) -> None:
        if len(deals) != 1:
            self._differ(uid, "сделки нет" if not deals else f"сделок {len(deals)}")
            return
        deal, fields = deals[0], self._settings.portal.field_table
        rules = self._settings.rules
        wanted = update_fields(ready.draft, fields, rules.immutable_fields, KeepStage(""))
        if uid not in self._manual:
            wanted = {**self._first_values(deal, ready), **wanted}
        for name, value in wanted.items():
            if not same_value(deal.get(name), value):
                self._differ(uid, f"поле {name}")
        move = move_stage(deal["STAGE_ID"], ready.draft.target, self._stages, rules.cancel_moves_manual_stage)
        if isinstance(move, SetStage):
            self._differ(uid, f"стадия {deal['STAGE_ID']} вместо {move.stage_id}")
        if uid in self._manual and deal["STAGE_ID"] != self._manual[uid]:
            self._differ(uid, "тронута ручная стадия")
        self._judge_client(uid, ready, deal)

    def _first_values(self, deal: Row, ready: Ready[DealDraft]) -> dict[str, object]:
        """Возвращает первоначальные поля: у сделки, которую потом обновляли, они вправе отстать."""
        portal = self._settings.portal
        first = creation_fields(ready.draft, portal.field_table, self._stages, portal.category_id)
        touched = deal["DATE_CREATE"] != deal["DATE_MODIFY"]
        kept = {name: deal.get(name) for name in first} if touched else first
        return {name: value for name, value in kept.items() if name != "STAGE_ID"}

    def _judge_client(self, uid: str, ready: Ready[DealDraft], deal: Row) -> None:
        contact = self._state.find(CONTACT, deal.get("CONTACT_ID") or 0)
        if contact is None:
            self._differ(uid, "нет контакта")
        elif not _has_phone(contact, ready.draft.phone) and deal["DATE_CREATE"] == deal["DATE_MODIFY"]:
            self._differ(uid, "контакт с другим телефоном")
        for lead in self._state.entities[LEAD].values():
            waits = lead.get("STATUS_SEMANTIC_ID") == "P" and uid not in self._manual
            if waits and _has_phone(lead, ready.draft.phone):
                self._differ(uid, f"лид {lead['ID']} не переведён")

    def _judge_refused(self, uid: str, deals: Sequence[Row]) -> None:
        if deals and uid not in self._manual and deals[0]["DATE_CREATE"] == deals[0]["DATE_MODIFY"]:
            self._differ(uid, "отклонённая запись попала на портал")

    def _judge_history(self) -> None:
        for deal_id, stages in moves(self._state).items():
            uid = self._state.entities[DEAL].get(deal_id, {}).get(self._key) or f"сделка {deal_id}"
            for before, after in pairwise(stages):
                if goes_back(before, after, self._stages):
                    self._differ(uid, f"стадия шла назад: {before} → {after}")

    def _judge_contacts(self) -> None:
        """Ищет второй контакт с тем же телефоном и именем: его мог создать только сбой."""
        seen: Counter[tuple[str, ...]] = Counter()
        for contact in self._state.entities[CONTACT].values():
            phones = [item["VALUE"] for item in contact.get("FM", ()) if item["TYPE_ID"] == "PHONE"]
            seen.update(dict.fromkeys(map(_digits, phones), 1))
        doubled = sum(1 for count in seen.values() if count > 1)
        if doubled:
            self._verdict.differences.append(f"телефонов у двух контактов: {doubled}")

    def _differ(self, uid: str, what: str) -> None:
        self._verdict.differences.append(f"{uid}: {what}")


def all_changed(source: ReceptionSource, since: datetime) -> Iterator[Any]:
    """Читает все приёмы, изменившиеся после времени."""
    point = ChangePoint(since, 0)
    while points := source.changed_after(point).points:
        yield from source.read([item.reception_id for item in points])
        point = points[-1]


def moves(state: PortalState) -> dict[int, list[str]]:
    """Возвращает путь каждой сделки по стадиям."""
    paths: dict[int, list[str]] = {}
    for event in state.history:
        if event.get("type") == DEAL or event.get("ENTITY_TYPE_ID") == DEAL:
            paths.setdefault(int(event.get("id") or event["OWNER_ID"]), []).append(event["STAGE_ID"])
    return paths


def goes_back(before: str, after: str, stages: StageTable) -> bool:
    """Отвечает, шла ли сделка назад или сошла с ручной стадии."""
    one, other = stages.stage_of(before), stages.stage_of(after)
    if one is None or other is None or other in MANUAL:
        return False
    if one in MANUAL:
        return True
    return other is not Stage.LOSE and (one is Stage.LOSE or RANK[other] < RANK[one])


def same_value(actual: object, wanted: object) -> bool:
    """Сравнивает значение портала с нашим: времена — как мгновения, пустое — как пустое."""
    if actual in (None, "", False) and wanted in (None, ""):
        return True
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return float(str(actual or 0)) == float(wanted)
    moments = [_moment(value) for value in (actual, wanted)]
    if None not in moments:
        return moments[0] == moments[1]
    return str(actual) == str(wanted)


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _has_phone(row: Row, phone: Phone) -> bool:
    return any(item["TYPE_ID"] == "PHONE" and same_phone(item["VALUE"], phone) for item in row.get("FM", ()))


def _digits(phone: str) -> tuple[str, ...]:
    return tuple(character for character in phone if character.isdigit())[-10:]
