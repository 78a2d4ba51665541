"""Суждение о записях добавленной сущности: чужая и закрытая — не беда, показывать их некому."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from services.domain.branches import BranchRule
from services.domain.entity import EntityPlace
from services.domain.judgement import Foreign, Ready, Rules
from services.domain.mapping import DealDraft
from services.domain.names import PersonName
from services.domain.phones import Phone
from services.domain.stages import Stage
from services.sync.entities import EntityFeed

NOW = datetime(2024, 12, 29, 9, 0, tzinfo=UTC)
NEIGHBOURS = (BranchRule(1, "Север"), BranchRule(2, "Юг"))


class Wish:
    """Заявка, которую закрывает пометка."""

    letter = "W"

    def draft(self, row: Mapping[str, object], place: EntityPlace) -> DealDraft | None:
        """Возвращает сделку, пока заявка открыта."""
        if row["closed"]:
            return None
        values = {"filial": place.branch_text}
        return DealDraft(
            str(place.key), PersonName.of("Лунин", "", ""), Phone("+79031112233"), Stage.WAITING_LIST, values
        )


def judged(branch: str, closed: bool = False) -> object:
    """Возвращает суждение филиала 1 о заявке."""
    feed = EntityFeed(Rules(1, "D1", NEIGHBOURS, UTC), "waiting_list", Wish(), None, None)  # type: ignore[arg-type]
    return feed.judge(7, {"branch": branch, "closed": closed}, NOW)


def test_open_wish_of_this_branch_becomes_a_deal() -> None:
    verdict = judged("Север")
    assert isinstance(verdict, Ready)
    assert (verdict.draft.uid, verdict.draft.values["filial"]) == ("F1_W7", "Север")


@pytest.mark.parametrize(("branch", "closed"), [("Юг", False), ("Север", True)], ids=["neighbour", "closed"])
def test_wish_of_a_neighbour_and_a_closed_one_are_left_alone(branch: str, closed: bool) -> None:
    assert judged(branch, closed) == Foreign()
