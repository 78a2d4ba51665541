"""Запросы к REST: доступ, виды тел, вложенность PHP, пакеты и ссылки между командами."""

from typing import Any

import pytest
import requests

from demo.portal.options import ALL_SCOPES, OAuthToken, PortalOptions, WebhookKey
from demo.portal.php import encode_query
from demo.portal.server import PortalServer
from tests.support.rest import Rest

# --- Доступ --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("rest/1/wrong/profile", 401, "INVALID_CREDENTIALS"),
        ("rest/7/demo0webhook0code/profile", 401, "INVALID_CREDENTIALS"),
        ("rest/profile", 401, "NO_AUTH_FOUND"),
        ("rest/1/profile", 401, "NO_AUTH_FOUND"),
        ("rest/1/demo0webhook0code/no.such.method", 404, "ERROR_METHOD_NOT_FOUND"),
        ("rest/1/demo0webhook0code/app.info", 403, "WRONG_AUTH_TYPE"),
        ("rest/1/demo0webhook0code/placement.get", 403, "insufficient_scope"),
    ],
)
def test_who_is_let_in(rest: Rest, path: str, status: int, code: str) -> None:
    answer = requests.post(rest.portal.base_url + path, json={}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert "time" not in answer.json()


@pytest.mark.parametrize("method", ["profile", "PROFILE", "profile.json", "Profile.JSON"])
def test_name_of_a_method_is_forgiving(rest: Rest, method: str) -> None:
    assert requests.get(rest.url + method, timeout=30).json()["result"]["ID"] == "1"


def test_answer_carries_its_timing(rest: Rest) -> None:
    _, body = rest.reply("profile")
    assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} <= set(body["time"])
    assert body["time"]["date_start"].endswith("+03:00")
    assert {"operating", "operating_reset_at"} <= set(body["time"])


def test_webhook_without_the_scope_is_refused() -> None:
    key = WebhookKey(scopes=("im",))
    with PortalServer(PortalOptions(webhooks=(key,))) as portal:
        rest = Rest(portal)
        assert rest.error("crm.deal.list")[:2] == (403, "insufficient_scope")
        assert "crm.deal.list" not in rest.result("methods")
        assert rest.result("scope") == ["im"]


def test_token_of_an_application_acts_for_its_user() -> None:
    tokens = (OAuthToken("good", user_id=5, scopes=ALL_SCOPES), OAuthToken("old", expired=True))
    with PortalServer(PortalOptions(tokens=tokens)) as portal:
        url = portal.base_url + "rest/"
        by_param = requests.post(url + "profile", json={"auth": "good"}, timeout=30).json()
        by_header = requests.get(
            url + "user.current", headers={"Authorization": "Bearer good"}, timeout=30
        ).json()
        old = requests.post(url + "profile", json={"auth": "old"}, timeout=30)
        info = requests.post(url + "app.info", json={"auth": "good"}, timeout=30).json()["result"]
    assert (by_param["result"]["ID"], by_header["result"]["NAME"]) == ("5", "Мария")
    assert (old.status_code, old.json()["error"]) == (401, "expired_token")
    assert (info["client_id"], info["user_id"], info["install"]["member_id"]) == (
        "local.demo",
        5,
        "demo-member",
    )


# --- Виды тел ------------------------------------------------------------------------------------

TREE: dict[str, Any] = {
    "fields": {"NAME": "Алсу & К°", "PHONE": [{"VALUE": "+79031112233", "VALUE_TYPE": "MOBILE"}]}
}


def created_phone(rest: Rest, answer: requests.Response) -> tuple[str, str]:
    """Возвращает имя и телефон созданного контакта."""
    contact = rest.result("crm.contact.get", id=answer.json()["result"])
    return contact["NAME"], contact["PHONE"][0]["VALUE"]


WRITTEN = ("Алсу & К°", "+79031112233")


def test_form_body_is_nested_as_php_nests_it(rest: Rest) -> None:
    form = {
        "fields[NAME]": "Алсу & К°",
        "fields[PHONE][0][VALUE]": "+79031112233",
        "fields[PHONE][0][VALUE_TYPE]": "MOBILE",
    }
    answer = requests.post(rest.url + "crm.contact.add", data=form, timeout=30)
    assert created_phone(rest, answer) == WRITTEN


def test_empty_brackets_number_themselves(rest: Rest) -> None:
    for name in ("А", "Б"):
        rest.deal(TITLE=name)
    answer = requests.get(
        rest.url + "crm.deal.list?filter[TITLE][]=А&filter[TITLE][]=Б&select[]=TITLE", timeout=30
    )
    assert answer.json()["result"] == [{"TITLE": "А"}, {"TITLE": "Б"}]


def test_params_of_the_address_are_read_too(rest: Rest) -> None:
    answer = requests.get(rest.url + "crm.contact.add?" + encode_query(TREE), timeout=30)
    assert created_phone(rest, answer) == WRITTEN


def test_multipart_body_is_read(rest: Rest) -> None:
    parts = {
        "fields[NAME]": (None, "Алсу & К°"),
        "fields[PHONE][0][VALUE]": (None, "+79031112233"),
    }
    answer = requests.post(rest.url + "crm.contact.add", files=parts, timeout=30)
    assert created_phone(rest, answer) == WRITTEN


def test_body_wins_over_the_address(rest: Rest) -> None:
    answer = requests.post(rest.url + "crm.deal.get?id=77", json={"id": rest.deal(TITLE="тот")}, timeout=30)
    assert answer.json()["result"]["TITLE"] == "тот"


def test_broken_json_is_silently_no_params_at_all(rest: Rest) -> None:
    rest.deal(TITLE="А")
    headers = {"Content-Type": "application/json"}
    answer = requests.post(
        rest.url + "crm.deal.list", data='{"filter": {"TITLE": "Б"', headers=headers, timeout=30
    )
    assert len(answer.json()["result"]) == 1


# --- Пакеты --------------------------------------------------------------------------------------


def test_batch_chains_answers_by_path(rest: Rest) -> None:
    result = rest.batch(
        a="crm.contact.add?fields[NAME]=Алсу",
        b="crm.deal.add?fields[TITLE]=x&fields[CONTACT_IDS][]=$result[a]",
        c="crm.deal.list?filter[ID]=$result[b]&select[]=CONTACT_ID",
        d="crm.contact.get?id=$result[c][0][CONTACT_ID]",
        e="crm.deal.update?id=$result[b]&fields[COMMENTS]=клиент $result[d][NAME] ждёт",
    )
    assert result["result"]["d"]["NAME"] == "Алсу"
    deal = rest.result("crm.deal.get", id=result["result"]["b"])
    assert deal["COMMENTS"] == "клиент Алсу ждёт"


def test_reference_is_replaced_in_free_text_too(rest: Rest) -> None:
    result = rest.batch(
        a="crm.deal.add?fields[TITLE]=x", b="crm.deal.add?fields[TITLE]=см. $RESULT[a] дальше"
    )
    assert (
        rest.result("crm.deal.get", id=result["result"]["b"])["TITLE"]
        == f"см. {result['result']['a']} дальше"
    )


def test_reference_to_a_refused_command_becomes_element_number_one(rest: Rest) -> None:
    """Поэтому наш клиент цепочек не строит: сделка досталась бы первому контакту портала."""
    stranger = rest.contact()
    result = rest.batch(
        other="profile",
        contact="crm.contact.add?fields[POST]=без имени",
        deal="crm.deal.add?fields[TITLE]=x&fields[CONTACT_IDS][]=$result[contact]",
    )
    assert list(result["result_error"]) == ["contact"]
    deal = rest.result("crm.deal.get", id=result["result"]["deal"])
    assert deal["CONTACT_ID"] == str(stranger) == "1"


def test_batch_is_no_transaction(rest: Rest) -> None:
    result = rest.batch(
        a="crm.deal.add?fields[TITLE]=x", b="crm.deal.get?id=999", c="crm.deal.add?fields[TITLE]=y"
    )
    assert set(result["result"]) == {"a", "c"}
    assert result["result_error"] == {"b": {"error": "", "error_description": "Not found"}}


def test_halt_stops_at_the_first_refusal_and_keeps_what_was_done(rest: Rest) -> None:
    result = rest.batch(
        1, a="crm.deal.add?fields[TITLE]=x", b="crm.deal.get?id=999", c="crm.deal.add?fields[TITLE]=y"
    )
    assert set(result["result"]) == {"a"}
    assert len(rest.result("crm.deal.list")) == 1


def test_empty_maps_of_a_batch_come_as_lists(rest: Rest) -> None:
    result = rest.batch(a="profile")
    assert (result["result_error"], result["result_total"], result["result_next"]) == ([], [], [])
    assert rest.batch()["result"] == []


def test_commands_given_as_a_list_answer_as_a_list(rest: Rest) -> None:
    result = rest.result("batch", cmd=["profile", "server.time"])
    assert result["result"][0]["ID"] == "1"
    assert len(result["result"]) == 2


def test_totals_of_lists_stand_beside_the_results(rest: Rest) -> None:
    for _ in range(2):
        rest.batch(**{f"c{index}": "crm.deal.add?fields[TITLE]=x" for index in range(30)})
    result = rest.batch(a="crm.deal.list?select[]=ID")
    assert (result["result_total"], result["result_next"]) == ({"a": 60}, {"a": 50})
    assert "operating" in result["result_time"]["a"]


def test_commands_over_fifty_are_refused_one_by_one(rest: Rest) -> None:
    result = rest.batch(**{f"c{index}": "profile" for index in range(53)})
    assert len(result["result"]) == 50
    assert {error["error"] for error in result["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    assert set(result["result_error"]) == {"c50", "c51", "c52"}


def test_batch_inside_a_batch_is_refused(rest: Rest) -> None:
    result = rest.batch(a="batch?cmd[x]=profile")
    assert result["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_unknown_method_inside_a_batch_is_its_own_error(rest: Rest) -> None:
    result = rest.batch(a="no.such", b="profile")
    assert result["result_error"]["a"]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert result["result"]["b"]["ID"] == "1"


def test_form_batch_is_encoded_twice(rest: Rest) -> None:
    form = {"halt": "0", "cmd[a]": "crm.deal.add?fields%5BTITLE%5D=%D0%90+%26+%D0%91"}
    answer = requests.post(rest.url + "batch", data=form, timeout=30).json()
    deal = rest.result("crm.deal.get", id=answer["result"]["result"]["a"])
    assert deal["TITLE"] == "А & Б"


def test_scalars_of_a_batch_are_texts(rest: Rest) -> None:
    contact_id = rest.contact()
    result = rest.batch(a=f"crm.duplicate.findbycomm?type=PHONE&values[]={contact_id}")
    assert result["result"]["a"] == []
