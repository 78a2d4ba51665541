"""Лента добавленной сущности: своё — только запрос и правило, доставка та же, что у приёмов (ADR 0012)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.domain.cursor import ChangePage, ChangePoint
from services.domain.entity import Entity, EntityPlace
from services.domain.fingerprint import draft_fingerprint
from services.domain.judgement import Foreign, Ready, Rules, Verdict, unknown_branch
from services.domain.keys import RecordKey
from services.domain.outbox import Claim, Link
from services.domain.reception import UNKNOWN_BRANCH
from services.domain.texts import line
from services.sync.deals import Deals
from services.sync.feed import Attempt, Delivered

if TYPE_CHECKING:
    from services.ident.entity_source import IdentEntitySource

Row = Mapping[str, object]


class EntityFeed:
    """Записи одной сущности одного филиала."""

    counted = "entities_"

    def __init__(
        self, rules: Rules, name: str, entity: Entity, source: "IdentEntitySource", deals: Deals
    ) -> None:
        self.rules, self.name, self.letter = rules, f"{rules.branch_id}.{name}", entity.letter
        self._entity, self._source, self._deals = entity, source, deals

    def now(self) -> datetime:
        return self._source.now()

    def changed(self, point: ChangePoint) -> ChangePage:
        return self._source.changed_after(point)

    def planned(self, since: datetime, until: datetime, after: int) -> Sequence[int]:
        """Возвращает пусто: окна у заявок нет, сверять их нечем."""
        return ()

    def read(self, numbers: Sequence[int]) -> Mapping[int, Row]:
        return self._source.read(numbers)

    def judge(self, number: int, row: Row, now: datetime) -> Verdict:
        """Решает судьбу строки: чья она и какая сделка должна быть."""
        owner = self.rules.owner(line(str(row["branch"] or "")) or UNKNOWN_BRANCH)
        if owner is None:
            return Foreign()
        key = RecordKey(self.rules.number, self.letter, number)
        place = EntityPlace(key, owner.text, self.rules.database_id, self.rules.zone)
        draft = self._entity.draft(row, place)
        if draft is None:
            return Foreign()
        return Ready(draft, draft_fingerprint(draft), unknown_branch(owner))

    def existing(self, numbers: Sequence[int]) -> Collection[int]:
        """Возвращает все: удаление этих записей не отслеживается."""
        return numbers

    def cancel(self, claim: Claim, deal_id: int) -> None:
        """Не делает ничего: удаление этих записей не отслеживается."""

    def strayed(self, linked: Mapping[int, Link]) -> Mapping[int, Link]:
        """Возвращает пусто: без окна сверки спрашивать не о чем."""
        return {}

    def deliver(self, attempt: Attempt) -> Delivered:
        return self._deals.deliver(attempt, [attempt.uid])
