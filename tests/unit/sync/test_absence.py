"""Приёмы, физически удалённые в Ident: постановление 32."""

import pytest

from services.domain.absence import REASON
from services.sync.feed import Outcome
from tests.support.scenarios import Office

CANCELLING = {"rules": {"deleted_receptions": "cancel"}}


def reconciled(office: Office) -> list[str]:
    """Сверяет через час после прошлого раза; возвращает ключи для отправки."""
    office.clock.advance(hours=1)
    return [uid for packet in office.reconcile.packets() for uid in packet]


def reported(office: Office) -> list[str]:
    """Возвращает приёмы списка «Пропали из Ident»."""
    return [found.uid for found in office.links.rejections("F1") if found.reason == REASON]


def test_reception_deleted_in_ident_is_reported_after_two_reads() -> None:
    office = Office()
    before = dict(office.delivered(1).fields)
    office.delivered(2, phone="+79160000002")
    office.source.remove(1)
    assert (reconciled(office), reported(office)) == ([], [])
    assert (reconciled(office), reported(office)) == ([], ["F1_1"])
    assert office.deal("F1_1").fields == before
    assert office.journal.names.count(REASON) == 1


def test_reception_missed_by_one_read_is_not_reported() -> None:
    office = Office()
    office.delivered(1)
    (kept,) = office.source.read([1])
    office.source.remove(1)
    reconciled(office)
    office.source.put(kept)
    reconciled(office)
    office.source.remove(1)
    reconciled(office)
    assert reported(office) == []


def test_two_reads_within_one_cycle_are_one() -> None:
    office = Office()
    office.delivered(1)
    office.source.remove(1)
    for _ in range(3):
        list(office.reconcile.packets())
    assert reported(office) == []


def test_reception_that_came_back_leaves_the_list() -> None:
    office = Office()
    office.delivered(1)
    (kept,) = office.source.read([1])
    office.source.remove(1)
    reconciled(office)
    reconciled(office)
    office.source.put(kept)
    reconciled(office)
    assert reported(office) == []


def test_report_is_not_repeated_by_every_reconcile() -> None:
    office = Office()
    office.delivered(1)
    office.source.remove(1)
    for _ in range(4):
        reconciled(office)
    assert office.journal.names.count(REASON) == 1


def test_neighbour_branch_leaves_the_roll_call_to_the_home_one() -> None:
    office = Office()
    office.delivered(1)
    office.source.remove(1)
    neighbour = Office(2, twin=office)
    for _ in range(3):
        reconciled(neighbour)
    assert neighbour.links.rejections("F2") == []


def test_reception_deleted_in_ident_may_cancel_its_deal() -> None:
    office = Office(**CANCELLING)
    deal = office.delivered(1)
    office.source.remove(1)
    reconciled(office)
    assert reconciled(office) == ["F1_1"]
    assert office.send_again("F1_1") is Outcome.UPDATED
    assert deal.fields["UF_CRM_CANCEL_REASON"] == "Приём удалён в Ident"
    assert str(deal.fields["STAGE_ID"]).endswith("LOSE")
    assert (reconciled(office), reported(office)) == ([], ["F1_1"])


@pytest.mark.parametrize("stage", ["C1:WAITING_LIST", "C1:PLAN_PRESENTATION"])
def test_cancel_of_a_deleted_reception_leaves_manual_stages(stage: str) -> None:
    office = Office(**CANCELLING)
    deal = office.delivered(1)
    deal.fields["STAGE_ID"] = stage
    office.source.remove(1)
    reconciled(office)
    reconciled(office)
    office.send_again("F1_1")
    assert deal.fields["STAGE_ID"] == stage
