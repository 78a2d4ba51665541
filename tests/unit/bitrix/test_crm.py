"""Разбор ответов портала в сделки и людей: странные значения не роняют и не путают."""

from typing import Any

import pytest

from config.models import PortalSettings
from services.bitrix.crm import BitrixCrm
from services.bitrix.transport import Reply
from services.domain.phones import Phone
from tests.fakes_bitrix import Desk, FakeTransport

PHONE = Phone("+79031112233")
DEAL = {"ID": "417", "UF_CRM_RECEPTION_ID": "F1_1", "STAGE_ID": "C1:NEW", "CATEGORY_ID": "1"}


def crm(*replies: Reply) -> BitrixCrm:
    """Строит CRM на портале, который ответит так."""
    return BitrixCrm(
        Desk(FakeTransport(*replies)).client, PortalSettings(webhook="http://127.0.0.1/rest/1/s3cr3t/")
    )


def batch(deals: object, *people: object) -> Reply:
    """Возвращает ответ пакета: поиск сделок едет общей командой, поиски людей — своими."""
    found = {"m0": deals, **{f"g0c{number}": result for number, result in enumerate(people, 1)}}
    return Reply(200, {"result": {"result": found, "result_error": []}})


@pytest.mark.parametrize(
    ("raw", "contact_id"),
    [("12", 12), (12, 12), ("0", None), (0, None), ("", None), (None, None), ("x", None)],
)
def test_absent_link_comes_in_many_shapes(raw: object, contact_id: int | None) -> None:
    (deal,) = crm(Reply(200, {"result": [{**DEAL, "CONTACT_ID": raw}]})).find(["F1_1"], None).deals
    assert deal.contact_id == contact_id


@pytest.mark.parametrize("moment", ["", None, "вчера", "2024-13-45"])
def test_unreadable_moment_is_no_moment(moment: object) -> None:
    (deal,) = crm(Reply(200, {"result": [{**DEAL, "DATE_CREATE": moment}]})).find(["F1_1"], None).deals
    assert deal.created_at is None


def test_list_may_come_as_a_map_of_rows() -> None:
    (deal,) = crm(Reply(200, {"result": {"0": DEAL, "1": "не строка"}})).find(["F1_1"], None).deals
    assert (deal.deal_id, deal.category_id) == (417, 1)


@pytest.mark.parametrize("nothing", [[], {}, None, {"CONTACT": []}])
def test_nothing_found_comes_in_many_shapes(nothing: object) -> None:
    found = crm(batch([], nothing, nothing)).find(["F1_1"], PHONE)
    assert (list(found.deals), list(found.contacts), list(found.leads)) == ([], [], [])


def test_phones_may_come_as_a_map() -> None:
    row: dict[str, Any] = {"ID": "5", "LAST_NAME": "лунёва", "NAME": None}
    row["PHONE"] = {"0": {"VALUE": "8 903 111-22-33"}}
    found = crm(batch([], {"CONTACT": ["5"]}, []), Reply(200, {"result": [row]})).find(["F1_1"], PHONE)
    assert [(contact.contact_id, contact.name.full) for contact in found.contacts] == [(5, "Лунёва")]


def test_lead_without_anything_hands_over_nothing() -> None:
    row = {"ID": "7", "STATUS_SEMANTIC_ID": "P", "PHONE": [{"VALUE": PHONE.value}], "EMAIL": [{"VALUE": ""}]}
    (lead,) = crm(batch([], [], {"LEAD": [7]}), Reply(200, {"result": [row]})).find(["F1_1"], PHONE).leads
    assert (lead.lead_id, lead.is_open, dict(lead.inherited)) == (7, True, {})
