"""Предпросмотр: что изменилось бы на портале; ничего не пишет ни туда, ни в Redis."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from services.domain.crm import Deal
from services.domain.judgement import Ready, Refused
from services.domain.mapping import PERSONAL, DealDraft, creation_fields, update_fields
from services.domain.ownership import Evidence, ownership
from services.domain.stages import move_stage
from services.ports import Crm
from services.sync.extract import changed_pages
from services.sync.feed import Work, is_stale, uid_of
from services.sync.intake import Intake
from services.sync.receptions import ReceptionFeed

#: Целая сумма: наша и портала («3500.00»).
WHOLE = re.compile(r"(\d+)\.0+")
#: Из закрытого текста видно только время и день: они не о человеке.
OPEN_WORD = re.compile(r"-|\d{2}\.\d{2}\.\d{4}|\d{2}:\d{2}")


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """Поле сделки до и после."""

    title: str
    before: object
    after: object
    personal: bool

    def shown(self, names: bool) -> tuple[str, str]:
        """Возвращает значения для экрана; люди закрыты, если не разрешено иное."""
        hide = self.personal and not names
        return shown(self.before, hide), shown(self.after, hide)


@dataclass(frozen=True, slots=True, repr=False)
class Foreseen:
    """Что стало бы с приёмом: ``create``, ``update``, ``same`` или ``refuse``."""

    uid: str
    action: str
    deal_id: int | None = None
    reason: str = ""
    changes: Sequence[Change] = ()


class Preview:
    """Предпросмотр одного филиала."""

    def __init__(self, feed: ReceptionFeed, work: Work, crm: Crm) -> None:
        self._feed, self._work, self._crm = feed, work, crm
        self._portal, self._rules = work.settings.portal, work.settings.rules
        self._personal = {self._portal.field_table[field] for field in PERSONAL}

    def changes(self) -> Iterator[Foreseen]:
        """Выдаёт приёмы, которые взяла бы ближайшая выборка, с тем, что она сделала бы."""
        cursor = self._work.store.cursors.load(self._feed.name)
        for page in changed_pages(self._feed, cursor, self._work.settings.sync):
            yield from self._page([point.reception_id for point in page.points])

    def _page(self, numbers: Sequence[int]) -> Iterator[Foreseen]:
        found = Intake(self._feed, self._work).verdicts(numbers, self._work.clock.now())
        verdicts = {uid_of(self._feed, number): (number, verdict) for number, verdict in found.items()}
        known = self._work.store.links.get(list(verdicts))
        ready: dict[str, tuple[int, Ready[DealDraft]]] = {}
        for uid, (number, verdict) in verdicts.items():
            if isinstance(verdict, Refused):
                reasons = "; ".join(violation.message for violation in verdict.violations)
                yield Foreseen(uid, "refuse", reason=reasons)
            elif isinstance(verdict, Ready) and is_stale(known.get(uid), verdict.fingerprint):
                ready[uid] = number, cast("Ready[DealDraft]", verdict)
        deals = self._deals([number for number, _ in ready.values()])
        for uid, (number, fit) in ready.items():
            yield self._foreseen(uid, fit.draft, deals.get(number))

    def _deals(self, numbers: Sequence[int]) -> dict[int, tuple[Deal, Mapping[str, object]]]:
        owners = {uid: number for number in numbers for uid in self._feed.uids(number)}
        found = self._crm.find(list(owners), None).deals if owners else ()
        known = self._work.store.links.get([uid_of(self._feed, number) for number in numbers])
        remembered = {number: known.get(uid_of(self._feed, number)) for number in numbers}
        own: dict[int, Deal] = {}
        for number in numbers:
            link, mine = remembered[number], [deal for deal in found if owners[deal.uid] == number]
            # Телефон контакта предпросмотр не спрашивает: это решит отправка.
            proof = [Evidence(deal.deal_id, deal.created_by, has_phone=True) for deal in mine]
            decided = ownership(proof, link.deal_id if link else None, self._portal.webhook_users).own
            own.update((number, deal) for deal in mine if deal.deal_id == decided)
        names = [*self._portal.field_table.names.values(), "STAGE_ID"]
        current = self._crm.read_deals([deal.deal_id for deal in own.values()], names)
        return {number: (deal, current.get(deal.deal_id, {})) for number, deal in own.items()}

    def _foreseen(
        self, uid: str, draft: DealDraft, found: tuple[Deal, Mapping[str, object]] | None
    ) -> Foreseen:
        fields, stages, rules = self._portal.field_table, self._portal.stage_table, self._rules
        if found is None:
            wanted = creation_fields(draft, fields, stages, self._portal.category_id)
            return Foreseen(uid, "create", changes=self._changes({}, wanted))
        deal, current = found
        move = move_stage(deal.stage_id, draft.target, stages, rules.cancel_moves_manual_stage)
        wanted = update_fields(draft, fields, rules.immutable_fields, move)
        changes = self._changes(current, {name: wanted[name] for name in wanted if name in current})
        return Foreseen(uid, "update" if changes else "same", deal.deal_id, changes=changes)

    def _changes(self, current: Mapping[str, object], wanted: Mapping[str, object]) -> list[Change]:
        return [
            Change(name, current.get(name), value, name in self._personal)
            for name, value in wanted.items()
            if not same_value(current.get(name), value)
        ]


def same_value(before: object, after: object) -> bool:
    """Сравнивает значение портала с нашим: пустое — как пустое, числа и времена — по смыслу."""
    if before in (None, "", False) and after in (None, ""):
        return True
    for read in (moment_in, _number):
        values = read(before), read(after)
        if None not in values:
            return values[0] == values[1]
    return str(before) == str(after)


def moment_in(value: object) -> datetime | None:
    """Возвращает время с поясом, если это оно."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def shown(value: object, hide: bool) -> str:
    """Возвращает значение для экрана; закрытое — первыми буквами, с днём и временем."""
    text = "—" if value in (None, "") or value is False else str(value)
    if not hide or text == "—":
        return whole[1] if (whole := WHOLE.fullmatch(text)) else text
    return " ".join(word if OPEN_WORD.fullmatch(word) else f"{word[:1]}…" for word in text.split()[:6])
