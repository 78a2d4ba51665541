"""Ловушки сделок: что старое семейство молча теряет и чем отвечает новое."""

import pytest

from tests.support.rest import Rest

DENTAL = {"CATEGORY_ID": 1, "STAGE_ID": "C1:CONSULT_SCHED"}
UID = "UF_CRM_RECEPTION_ID"


def test_unknown_filter_field_of_the_old_list_is_ignored_and_everything_is_returned(rest: Rest) -> None:
    created = [rest.deal(TITLE=str(number)) for number in range(3)]
    rows = rest.result("crm.deal.list", filter={"=UF_CRM_NO_SUCH": "F1_1"})
    assert [int(row["ID"]) for row in rows] == created


@pytest.mark.parametrize("clause", ["filter", "order"])
def test_unknown_field_of_the_new_list_is_refused(rest: Rest, clause: str) -> None:
    status, code, text = rest.error("crm.item.list", entityTypeId=2, **{clause: {"ufCrmNoSuch": "ASC"}})
    assert (status, code) == (400, "INVALID_ARG_VALUE")
    assert f"'ufCrmNoSuch' is not allowed in {clause}" in text


def test_unknown_selected_field_of_the_new_list_is_refused(rest: Rest) -> None:
    assert rest.error("crm.item.list", entityTypeId=2, select=["id", "no"])[:2] == (400, "INVALID_ARG_VALUE")


def test_old_family_answers_with_strings(rest: Rest) -> None:
    contact_id = rest.contact()
    deal_id = rest.deal(OPPORTUNITY=6000.5, CONTACT_IDS=[contact_id])
    deal = rest.result("crm.deal.get", id=deal_id)
    assert isinstance(deal_id, int)
    assert (deal["ID"], deal["CONTACT_ID"], deal["OPPORTUNITY"]) == (str(deal_id), str(contact_id), "6000.50")
    (row,) = rest.result("crm.deal.list", select=["ID", "CATEGORY_ID"])
    assert row == {"ID": str(deal_id), "CATEGORY_ID": "0"}


def test_new_family_answers_with_numbers(rest: Rest) -> None:
    contact_id = rest.contact()
    deal_id = rest.deal(OPPORTUNITY=6000.5, CONTACT_IDS=[contact_id])
    item = rest.result("crm.item.get", entityTypeId=2, id=deal_id)["item"]
    assert (item["id"], item["contactId"], item["contactIds"]) == (deal_id, contact_id, [contact_id])
    assert (item["opportunity"], item["categoryId"]) == (6000.5, 0)


def test_phone_of_a_deal_disappears_without_an_error(rest: Rest) -> None:
    deal_id = rest.deal(PHONE=[{"VALUE": "+79031112233", "VALUE_TYPE": "MOBILE"}])
    assert "PHONE" not in rest.result("crm.deal.get", id=deal_id)
    assert "PHONE" not in rest.result("crm.deal.fields")


def test_unknown_and_closed_fields_disappear_without_an_error(rest: Rest) -> None:
    deal_id = rest.deal(UF_CRM_NO_SUCH="x", ID=777, CREATED_BY_ID=5, STAGE_SEMANTIC_ID="S")
    deal = rest.result("crm.deal.get", id=deal_id)
    assert "UF_CRM_NO_SUCH" not in deal
    assert (deal["CREATED_BY_ID"], deal["STAGE_SEMANTIC_ID"]) == ("1", "P")


def test_pipeline_of_a_deal_cannot_be_changed_by_the_old_update(rest: Rest) -> None:
    deal_id = rest.deal()
    rest.result("crm.deal.update", id=deal_id, fields={"CATEGORY_ID": 1})
    assert rest.result("crm.deal.get", id=deal_id)["CATEGORY_ID"] == "0"


def test_new_update_moves_a_deal_to_another_pipeline(rest: Rest) -> None:
    deal_id = rest.deal()
    fields = {"categoryId": 1, "stageId": "C1:TREATMENT"}
    item = rest.result("crm.item.update", entityTypeId=2, id=deal_id, fields=fields)["item"]
    assert (item["categoryId"], item["stageId"]) == (1, "C1:TREATMENT")


def test_stage_of_another_pipeline_is_ignored_by_the_old_update(rest: Rest) -> None:
    deal_id = rest.deal(**DENTAL)
    assert rest.result("crm.deal.update", id=deal_id, fields={"STAGE_ID": "WON"}) is True
    assert rest.result("crm.deal.get", id=deal_id)["STAGE_ID"] == "C1:CONSULT_SCHED"


def test_stage_of_another_pipeline_is_refused_by_the_new_update(rest: Rest) -> None:
    deal_id = rest.deal(**DENTAL)
    error = rest.error("crm.item.update", entityTypeId=2, id=deal_id, fields={"stageId": "WON"})
    assert error[:2] == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")


def test_new_deal_without_a_known_stage_starts_on_the_first_one(rest: Rest) -> None:
    deal = rest.result("crm.deal.get", id=rest.deal(CATEGORY_ID=1, STAGE_ID="WON"))
    assert deal["STAGE_ID"] == "C1:CONSULT_SCHED"


def test_unknown_pipeline_becomes_the_general_one_in_the_old_family_only(rest: Rest) -> None:
    assert rest.result("crm.deal.get", id=rest.deal(CATEGORY_ID=77))["CATEGORY_ID"] == "0"
    error = rest.error("crm.item.add", entityTypeId=2, fields={"title": "x", "categoryId": 77})
    assert error[:2] == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")


@pytest.mark.parametrize(
    ("stage", "semantic", "closed"), [("C1:TREATMENT", "P", "N"), ("C1:WON", "S", "Y"), ("C1:LOSE", "F", "Y")]
)
def test_stage_decides_whether_the_deal_is_closed(rest: Rest, stage: str, semantic: str, closed: str) -> None:
    deal_id = rest.deal(**DENTAL)
    rest.result("crm.deal.update", id=deal_id, fields={"STAGE_ID": stage})
    deal = rest.result("crm.deal.get", id=deal_id)
    assert (deal["STAGE_ID"], deal["STAGE_SEMANTIC_ID"], deal["CLOSED"]) == (stage, semantic, closed)


def test_lead_of_a_deal_is_read_only_in_the_old_family(rest: Rest) -> None:
    lead_id = rest.lead()
    deal_id = rest.deal(LEAD_ID=lead_id)
    rest.result("crm.deal.update", id=deal_id, fields={"LEAD_ID": lead_id})
    assert rest.result("crm.deal.get", id=deal_id)["LEAD_ID"] is None
    assert rest.result("crm.deal.fields")["LEAD_ID"]["isReadOnly"] is True


def test_lead_of_a_deal_is_set_by_the_new_family(rest: Rest) -> None:
    lead_id, deal_id = rest.lead(), rest.deal()
    item = rest.result("crm.item.update", entityTypeId=2, id=deal_id, fields={"leadId": lead_id})["item"]
    assert item["leadId"] == lead_id
    assert rest.result("crm.deal.get", id=deal_id)["LEAD_ID"] == str(lead_id)
    created = rest.result("crm.item.add", entityTypeId=2, fields={"title": "x", "leadId": lead_id})["item"]
    assert created["leadId"] == lead_id


def test_original_names_of_user_fields_work_only_with_the_flag(rest: Rest) -> None:
    fields = {"title": "x", UID: "F1_1"}
    silent = rest.result("crm.item.add", entityTypeId=2, fields=fields)["item"]
    heard = rest.result("crm.item.add", entityTypeId=2, fields=fields, useOriginalUfNames="Y")["item"]
    assert (silent["ufCrmReceptionId"], heard[UID]) == (None, "F1_1")


def test_camel_names_of_user_fields_work_without_the_flag(rest: Rest) -> None:
    rest.result("crm.item.add", entityTypeId=2, fields={"title": "x", "ufCrmReceptionId": "F1_1"})
    (row,) = rest.result("crm.deal.list", filter={f"={UID}": "F1_1"}, select=["ID", UID])
    assert row[UID] == "F1_1"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2024-12-30T10:00:00+03:00", "2024-12-30T10:00:00+03:00"),
        ("2024-12-30T10:00:00+05:00", "2024-12-30T08:00:00+03:00"),
        ("2024-12-30T10:00:00", "2024-12-30T10:00:00+03:00"),
        ("30.12.2024 10:00:00", "2024-12-30T10:00:00+03:00"),
        ("послезавтра", None),
        ("", None),
    ],
)
def test_moments_come_back_in_the_zone_of_the_portal_and_garbage_is_dropped(
    rest: Rest, written: str, shown: str | None
) -> None:
    deal_id = rest.deal(UF_CRM_START_TIME=written)
    assert rest.result("crm.deal.get", id=deal_id)["UF_CRM_START_TIME"] == shown


def test_date_loses_its_time(rest: Rest) -> None:
    deal_id = rest.deal(CLOSEDATE="2024-12-30T23:30:00+03:00")
    assert rest.result("crm.deal.get", id=deal_id)["CLOSEDATE"] == "2024-12-30T00:00:00+03:00"


def test_unknown_currency_is_refused(rest: Rest) -> None:
    assert rest.error("crm.deal.add", fields={"CURRENCY_ID": "XXX"})[:2] == (400, "")


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("crm.deal.get", {"id": 999}, "Not found"),
        ("crm.deal.get", {}, "ID is not defined or invalid."),
        ("crm.deal.update", {"id": 999, "fields": {}}, "Not found"),
        ("crm.deal.add", {}, "Parameter 'fields' must be array."),
        ("crm.deal.add", {"fields": "x"}, "Parameter 'fields' must be array."),
    ],
)
def test_old_family_refuses_with_an_empty_code(
    rest: Rest, method: str, params: dict[str, object], text: str
) -> None:
    assert rest.error(method, **params) == (400, "", text)


@pytest.mark.parametrize("params", [{"entityTypeId": 2, "id": 999}, {"entityTypeId": 77, "id": 1}])
def test_new_family_refuses_with_not_found(rest: Rest, params: dict[str, object]) -> None:
    assert rest.error("crm.item.get", **params)[:2] == (400, "NOT_FOUND")


def test_update_without_its_fields_is_refused(rest: Rest) -> None:
    assert rest.error("crm.deal.update", id=rest.deal())[1:] == ("", "Parameter 'fields' must be array.")


def test_deleted_deal_is_gone_for_both_families(rest: Rest) -> None:
    first, second = rest.deal(), rest.deal()
    assert rest.result("crm.deal.delete", id=first) is True
    assert rest.result("crm.item.delete", entityTypeId=2, id=second) == []
    assert rest.result("crm.deal.list") == []


def test_change_leaves_a_trace_in_history_and_timeline(rest: Rest) -> None:
    deal_id = rest.deal(**DENTAL)
    rest.result("crm.deal.update", id=deal_id, fields={"STAGE_ID": "C1:TREATMENT", "COMMENTS": "пришёл"})
    rest.result("crm.deal.update", id=deal_id, fields={"COMMENTS": "пришёл"})
    moves = [(row["FROM_STAGE_ID"], row["STAGE_ID"]) for row in rest.portal.state.history]
    assert moves == [(None, "C1:CONSULT_SCHED"), ("C1:CONSULT_SCHED", "C1:TREATMENT")]
    events = rest.portal.state.timeline[f"2:{deal_id}"]
    assert [event["kind"] for event in events] == ["created", "updated"]
    changed = {change["field"]: change["new"] for change in events[1]["changes"]}
    assert changed == {"STAGE_ID": "C1:TREATMENT", "COMMENTS": "пришёл"}
