"""Разбор ответов портала в сделки и людей: странные значения не роняют и не путают."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.models import PortalSettings
from services.bitrix.crm import BitrixCrm
from services.bitrix.responses import AmbiguousAnswer
from services.bitrix.transport import Reply
from services.domain.crm import NewContact
from services.domain.errors import FatalError, SyncError
from services.domain.names import PersonName
from services.domain.phones import Phone
from tests.fakes_bitrix import Desk, FakeTransport

PHONE = Phone("+79031112233")
KEY = "UF_CRM_RECEPTION_ID"
DEAL = {"ID": "417", "UF_CRM_RECEPTION_ID": "F1_1", "STAGE_ID": "C1:NEW", "CATEGORY_ID": "1"}


def crm(*replies: Reply) -> BitrixCrm:
    """Строит CRM на портале, который ответит так."""
    return BitrixCrm(
        Desk(FakeTransport(*replies)).client, PortalSettings(webhook="http://127.0.0.1/rest/1/s3cr3t/")
    )


def batch(deals: object, *people: object) -> Reply:
    """Возвращает ответ пакета: поиски сделок и людей едут общими командами."""
    found = {"m0": deals, **{f"m{number}": result for number, result in enumerate(people, 1)}}
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
    (deal,) = crm(Reply(200, {"result": {"0": DEAL}})).find(["F1_1"], None).deals
    assert (deal.deal_id, deal.category_id) == (417, 1)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        False,
        "",
        True,
        [None],
        ["не строка"],
        [{**DEAL, "ID": "x"}],
        [{**DEAL, "ID": True}],
        [{**DEAL, "ID": "9" * 30}],
    ],
    ids=str,
)
def test_search_answered_by_something_else_never_means_that_there_is_no_deal(rows: object) -> None:
    with pytest.raises(AmbiguousAnswer):
        crm(*[Reply(200, {"result": rows})] * 3).find(["F1_1"], None)


def test_key_in_other_letters_is_the_same_key() -> None:
    (deal,) = crm(Reply(200, {"result": [{**DEAL, KEY: "f1_1 "}]})).find(["F1_1"], None).deals
    assert (deal.deal_id, deal.uid) == (417, "F1_1")


FOREIGN = Reply(200, {"result": [{**DEAL, KEY: "F1_1а"}]})
FIELD_IS_THERE = Reply(200, {"result": [{"ID": "7", "FIELD_NAME": KEY, "USER_TYPE_ID": "string"}]})


def test_foreign_row_is_no_deal_and_no_reason_to_stop() -> None:
    assert list(crm(FOREIGN, FIELD_IS_THERE).find(["F1_1"], None).deals) == []


def test_rows_of_a_portal_without_the_key_field_stop_the_sending() -> None:
    with pytest.raises(FatalError) as caught:
        crm(FOREIGN, Reply(200, {"result": []})).find(["F1_1"], None)
    assert caught.value.reason == "key_field_missing"


def test_row_without_the_key_says_nothing_about_ours() -> None:
    with pytest.raises(AmbiguousAnswer):
        crm(Reply(200, {"result": [{"ID": "5"}]}), FIELD_IS_THERE).find(["F1_1"], None)


def test_full_page_of_foreign_rows_says_nothing_about_ours() -> None:
    page = Reply(200, {"result": [{**DEAL, "ID": str(number), KEY: "чужой"} for number in range(1, 51)]})
    with pytest.raises(AmbiguousAnswer):
        crm(page, FIELD_IS_THERE).find(["F1_1"], None)


@pytest.mark.parametrize(
    "people", [None, False, "", True, [5], {"CONTACT": "5"}, {"CONTACT": [True]}], ids=str
)
def test_people_search_answered_by_something_else_is_no_reason_to_make_a_contact(people: object) -> None:
    replies = [batch([], people, {"LEAD": []})] * 3
    with pytest.raises(AmbiguousAnswer):
        crm(*replies).find(["F1_1"], PHONE)


@pytest.mark.parametrize("nothing", [[], {}, {"CONTACT": []}])
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


# --- Что бы портал ни ответил ---------------------------------------------------------------------

NAMES = [
    "result",
    "error",
    "result_error",
    "result_time",
    "m0",
    "m1",
    "m2",
    "g0c0",
    "ID",
    KEY,
    "CONTACT",
    "LEAD",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["F1_1", "NOT_FOUND", "QUERY_LIMIT_EXCEEDED", "operating"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=14,
)
ACTIONS: list[Callable[[BitrixCrm], object]] = [
    lambda crm: crm.find(["F1_1"], PHONE),
    lambda crm: crm.numbered([5]),
    lambda crm: crm.read_deals([1], ["TITLE"]),
    lambda crm: crm.create_contact(NewContact(PersonName.of("Лунёва", "Алсу", ""), PHONE)),
    lambda crm: crm.create_deal({KEY: "F1_1"}, 7),
    lambda crm: crm.update_deal(1, {"TITLE": "x"}),
    lambda crm: crm.bind_contact(1, 2),
    lambda crm: crm.convert_lead(1, 2),
]


@given(
    st.sampled_from(ACTIONS),
    st.lists(st.builds(Reply, st.sampled_from([200, 400, 403, 500, 503]), JSON), min_size=1, max_size=8),
)
@settings(max_examples=400, deadline=None)
def test_no_answer_of_the_portal_is_a_bug_of_ours(
    action: Callable[[BitrixCrm], object], replies: list[Reply]
) -> None:
    with suppress(SyncError):
        action(crm(*replies, *[Reply(500, None)] * 12))
