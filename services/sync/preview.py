"""Предпросмотр: что изменилось бы на портале; ничего не пишет ни туда, ни в Redis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.judgement import Ready, Refused
from services.domain.mapping import creation_fields, update_fields
from services.domain.reception import Reception
from services.domain.stages import move_stage
from services.ports import Clock, Crm, Cursors, Deal, Link, Links, ReceptionSource
from services.sync.branch import Branch, Pace
from services.sync.delivery import DealPolicy
from services.sync.extract import changed_pages
from services.sync.intake import is_stale

#: Поля, где бывают люди: без разрешения показываются закрытыми.
PERSONAL = ("title", "comment")


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
        return _shown(self.before, hide), _shown(self.after, hide)


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

    def __init__(
        self,
        branch: Branch,
        source: ReceptionSource,
        cursors: Cursors,
        links: Links,
        crm: Crm,
        policy: DealPolicy,
        pace: Pace,
        clock: Clock,
    ) -> None:
        self._branch, self._source, self._cursors, self._links = branch, source, cursors, links
        self._crm, self._policy, self._pace, self._clock = crm, policy, pace, clock
        self._personal = {policy.fields[field] for field in PERSONAL}

    def changes(self) -> Iterator[Foreseen]:
        """Выдаёт приёмы, которые взяла бы ближайшая выборка, с тем, что она сделала бы."""
        cursor = self._cursors.load(self._branch.branch_id)
        for page in changed_pages(self._source, cursor, self._pace):
            yield from self._page(self._source.read([point.reception_id for point in page.points]))

    def _page(self, receptions: Sequence[Reception]) -> Iterator[Foreseen]:
        now = self._clock.now()
        known = self._links.get([self._branch.uid(reception.reception_id) for reception in receptions])
        verdicts = [(reception, self._branch.judge(reception, now)) for reception in receptions]
        ready = {r.reception_id: v for r, v in verdicts if isinstance(v, Ready) and self._stale(r, v, known)}
        deals = self._deals(list(ready))
        for reception, verdict in verdicts:
            if isinstance(verdict, Refused):
                reasons = "; ".join(violation.message for violation in verdict.violations)
                yield Foreseen(self._branch.uid(reception.reception_id), "refuse", reason=reasons)
        for reception_id, verdict in ready.items():
            yield self._foreseen(reception_id, verdict, deals.get(reception_id))

    def _stale(self, reception: Reception, verdict: Ready, known: Mapping[str, Link]) -> bool:
        return is_stale(known.get(self._branch.uid(reception.reception_id)), verdict.fingerprint)

    def _deals(self, reception_ids: Sequence[int]) -> dict[int, tuple[Deal, Mapping[str, object]]]:
        """Находит сделки приёмов и читает их нынешние поля."""
        owners = {uid: number for number in reception_ids for uid in self._branch.possible_uids(number)}
        found = self._crm.find(list(owners), None).deals if owners else ()
        eldest: dict[int, Deal] = {}
        for deal in sorted(found, key=lambda deal: deal.deal_id):
            eldest.setdefault(owners[deal.uid], deal)
        names = [*self._policy.fields.names.values(), "STAGE_ID"]
        current = self._crm.read_deals([deal.deal_id for deal in eldest.values()], names)
        return {number: (deal, current.get(deal.deal_id, {})) for number, deal in eldest.items()}

    def _foreseen(
        self, reception_id: int, verdict: Ready, found: tuple[Deal, Mapping[str, object]] | None
    ) -> Foreseen:
        uid, policy, draft = self._branch.uid(reception_id), self._policy, verdict.draft
        if found is None:
            wanted = creation_fields(draft, policy.fields, policy.stages, policy.category_id)
            return Foreseen(uid, "create", changes=self._changes({}, wanted))
        deal, current = found
        move = move_stage(deal.stage_id, draft.target, policy.stages, policy.cancel_moves_manual)
        wanted = update_fields(draft, policy.fields, policy.immutable, move)
        changes = self._changes(current, {name: wanted[name] for name in wanted if name in current})
        return Foreseen(uid, "update" if changes else "same", deal.deal_id, changes=changes)

    def _changes(self, current: Mapping[str, object], wanted: Mapping[str, object]) -> list[Change]:
        return [
            Change(name, current.get(name), value, name in self._personal)
            for name, value in wanted.items()
            if not _same(current.get(name), value)
        ]


def _same(before: object, after: object) -> bool:
    """Сравнивает значение портала с нашим: пустое — как пустое, числа и времена — по смыслу."""
    if before in (None, "", False) and after in (None, ""):
        return True
    for read in (_moment, _number):
        values = read(before), read(after)
        if None not in values:
            return values[0] == values[1]
    return str(before) == str(after)


def _moment(value: object) -> datetime | None:
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


def _shown(value: object, hide: bool) -> str:
    text = "—" if value in (None, "", False) else str(value)
    if not hide or text == "—":
        return text
    return " ".join(
        word if word[:1].isdigit() or word == "-" else f"{word[:1]}…" for word in text.split()[:6]
    )
