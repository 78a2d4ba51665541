"""Нападения: каждое отбито, и до базы вопрос не дошёл."""

from typing import Any

import pytest

from demo.portal.options import OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from tests.support.plans import (
    ALSU,
    ALSU_PHONE,
    CURATOR,
    EXPIRED,
    OTHER_APPLICATION,
    OTHER_MEMBER,
    DirectAsker,
    PlanWorld,
)
from tests.unit.plan_frontend.conftest import Client


def refused(answer: Any, status: int, code: str, asker: DirectAsker) -> None:
    """Проверяет отказ: код, причина, ни слова о людях и ни одного вопроса базе."""
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert set(answer.json()) == {"error", "message"}
    assert "Лун" not in answer.text
    assert asker.asked == []


@pytest.mark.parametrize("path", ["/api/v1/plans", "/api/v1/plans/1"])
def test_no_token(client: Client, plan_world: PlanWorld, asker: DirectAsker, path: str) -> None:
    plan_world.plan(1)
    answer = client.get(path, deal=plan_world.visit())
    refused(answer, 401, "no_token", asker)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("token-nobody-issued-1", 401, "bad_token"),
        (EXPIRED, 401, "expired_token"),
        (OTHER_APPLICATION, 403, "foreign_application"),
        (OTHER_MEMBER, 403, "foreign_application"),
        ("короткий", 401, "bad_token"),
        ("x" * 2000, 401, "bad_token"),
        ("a b c d e f g h", 401, "bad_token"),
    ],
    ids=["unknown", "expired", "another application", "another portal", "cyrillic", "endless", "spaces"],
)
def test_wrong_token(
    client: Client,
    plan_world: PlanWorld,
    asker: DirectAsker,
    token: OAuthToken | str,
    status: int,
    code: str,
) -> None:
    plan_world.plan(1)
    value = token if isinstance(token, str) else token.token
    headers = {"Authorization": f"Bearer {value}".encode()}
    answer = client.get(deal=plan_world.visit(), headers=headers)  # type: ignore[arg-type]
    refused(answer, status, code, asker)


def test_token_in_another_scheme_or_in_the_address_is_not_taken(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    deal = plan_world.visit()
    basic = client.get(deal=deal, headers={"Authorization": f"Basic {CURATOR.token}"})
    refused(basic, 401, "bad_token", asker)
    refused(client.get(deal=deal, AUTH_ID=CURATOR.token), 401, "no_token", asker)


def test_token_of_another_portal_is_never_taken_there(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    stranger = OAuthToken("evil-portal-token-1", 1, CURATOR.client_id, CURATOR.member_id)
    with PortalServer(PortalOptions(tokens=(stranger,))) as evil:
        host = f"127.0.0.1:{evil.port}"
        deal = plan_world.visit()
        given = {"DOMAIN": host, "PROTOCOL": 0, "SERVER_ENDPOINT": f"http://{host}/rest/"}
        forged = client.get(token=stranger, deal=deal, **given)
        assert (forged.status_code, forged.json()["error"]) == (400, "bad_parameter")
        headers = {
            "Host": host,
            "Origin": f"http://{host}",
            "Referer": f"http://{host}/",
            "X-Forwarded-Host": host,
        }
        answer = client.get(token=stranger, deal=deal, headers=headers)
        refused(answer, 401, "bad_token", asker)
        assert evil.stats.requests == 0


def test_deal_closed_for_the_curator(client: Client, plan_world: PlanWorld, asker: DirectAsker) -> None:
    plan_world.plan(1)
    deal = plan_world.visit()
    plan_world.portal.state.denied.append([CURATOR.user_id, 2, deal])
    refused(client.get(token=CURATOR, deal=deal), 403, "foreign_deal", asker)


def test_missing_deal_looks_the_same_as_a_closed_one(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    refused(client.get(token=CURATOR, deal=999_999), 403, "foreign_deal", asker)


def test_reception_of_another_deal(client: Client, plan_world: PlanWorld, asker: DirectAsker) -> None:
    other = plan_world.book(plan_world.patient("Чужая", "Анна"))
    deal = plan_world.visit()
    refused(client.get(token=CURATOR, deal=deal, reception=f"F1_{other}"), 403, "foreign_reception", asker)


def test_name_of_another_patient(client: Client, plan_world: PlanWorld, asker: DirectAsker) -> None:
    plan_world.patient("Чужая", "Анна")
    for deal in (plan_world.visit(), plan_world.deal_for(0)):
        refused(client.get(token=CURATOR, deal=deal, fio="Чужая Анна"), 403, "foreign_name", asker)


def test_key_guessed_by_a_colleague_gives_no_plan(client: Client, plan_world: PlanWorld) -> None:
    """Своя сделка с чужим ключом: ни план, ни имя не видны, журнал безопасности и тревога — есть."""
    plan_world.plan(1)
    deal = plan_world.visit(author=CURATOR.user_id, TITLE="Иная Анна - 01.12.2026 10:00")
    answer = client.get(token=CURATOR, deal=deal)
    assert (answer.status_code, answer.json()["error"]) == (403, "foreign_key")
    assert not any(word in answer.text for word in ("Лунёва", "Санация"))
    now = plan_world.services.clock.now()
    assert plan_world.services.store.stats.last_hour("F1", now)["foreign_key"] == 1


def test_title_of_a_patient_gives_no_plan(client: Client, plan_world: PlanWorld) -> None:
    plan_world.plan(1)
    deal = plan_world.deal_for(0, CURATOR.user_id, CONTACT_IDS=[], TITLE=f"{ALSU} - 01.12.2026 10:00")
    assert client.get(token=CURATOR, deal=deal).json()["found"] == "nothing"


def test_plan_of_another_patient_by_number(client: Client, plan_world: PlanWorld) -> None:
    plan_world.plan(1)
    foreign = plan_world.plan(1, patient_id=plan_world.patient("Чужая", "Анна"))
    answer = client.get(f"/api/v1/plans/{foreign}", token=CURATOR, deal=plan_world.visit())
    assert (answer.status_code, answer.json()["error"]) == (404, "plan_not_found")
    assert "Санация" not in answer.text


def test_another_patient_cannot_be_chosen_as_a_namesake(client: Client, plan_world: PlanWorld) -> None:
    stranger = plan_world.patient("Чужая", "Анна")
    plan_world.plan(1, patient_id=stranger)
    by_name = client.get(token=CURATOR, deal=plan_world.deal_for(0), patient=f"F1_{stranger}")
    by_reception = client.get(token=CURATOR, deal=plan_world.visit(), patient=f"F1_{stranger}")
    assert [by_name.json()["found"], by_reception.json()["found"]] == ["nothing", "nothing"]


@pytest.mark.parametrize(
    "plan_id",
    [
        "1;DROP TABLE Persons",
        "1 OR 1=1",
        "1'--",
        "../../../etc/passwd",
        "..%2f..%2fconfig%2fsettings.toml",
        "%00",
        "-1",
        "0",
        "01",
        "1.0",
        "١",
        "99999999999999999999",
    ],
)
def test_injection_in_the_path(
    client: Client, plan_world: PlanWorld, asker: DirectAsker, plan_id: str
) -> None:
    plan_world.plan(1)
    answer = client.get(f"/api/v1/plans/{plan_id}", token=CURATOR, deal=plan_world.visit())
    assert answer.status_code in (400, 404)
    assert asker.asked == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deal", "1 UNION SELECT 1"),
        ("deal", "1&auth=x"),
        ("reception", "F1_1' OR '1'='1"),
        ("reception", "F1_1; WAITFOR DELAY '0:0:5'"),
        ("reception", "F0_1"),
        ("patient", "F1_1)--"),
        ("fio", "\x00"),
        ("fio", "Лунёва\r\nSet-Cookie: a=b"),
        ("fio", "я" * 201),
        pytest.param("fio", "x" * 50_000, id="fio-oversize"),  # имя проверки уходит в переменную окружения
    ],
)
def test_injection_and_oversize_in_the_query(
    client: Client, plan_world: PlanWorld, asker: DirectAsker, name: str, value: str
) -> None:
    given = {"deal": plan_world.visit(), name: value}
    refused(client.get(token=CURATOR, **given), 400, "bad_parameter", asker)


def test_name_with_wildcards_and_sql_finds_nobody(client: Client, plan_world: PlanWorld) -> None:
    plan_world.plan(1)
    for name in ("% % %", "_ _ _", "'; DROP TABLE Persons; --", "Л[а-я]%"):
        deal = plan_world.deal_for(0, CONTACT_IDS=[plan_world.add_contact("", name, ALSU_PHONE)])
        assert client.get(token=CURATOR, deal=deal).json()["found"] == "nothing"
    assert client.get(token=CURATOR, deal=plan_world.visit()).json()["found"] == "plans"


def test_repeated_parameter(client: Client, plan_world: PlanWorld, asker: DirectAsker) -> None:
    deal = plan_world.visit()
    answer = client.get(f"/api/v1/plans?deal={deal}&deal={deal + 1}", token=CURATOR)
    refused(answer, 400, "bad_parameter", asker)


def test_ten_thousand_guesses_reach_neither_the_portal_nor_the_base(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    deal = plan_world.visit()
    plan_world.portal.stats.clear()
    statuses = client.statuses([f"guess-{number:012}" for number in range(10_000)], deal)
    assert statuses[:10] == [401] * 10
    assert set(statuses[10:]) == {429}
    assert plan_world.portal.stats.requests == 10
    assert asker.asked == []


def test_guesses_from_many_addresses_are_stopped_too(client: Client, plan_world: PlanWorld) -> None:
    deal = plan_world.visit()
    plan_world.portal.stats.clear()
    for number in range(300):
        address = f"10.0.{number % 250}.{number // 250}"
        client.get(token=f"guess-{number:012}", deal=deal, address=address)
    assert plan_world.portal.stats.requests == 60


def test_requests_without_a_token_lock_nobody_out(client: Client, plan_world: PlanWorld) -> None:
    """Их пришлёт любая страница, открытая у любого сотрудника: ни ему, ни другим это не мешает."""
    plan_world.plan(1)
    deal = plan_world.visit()
    for number in range(200):
        client.get(deal=deal, address=f"10.0.0.{number % 3}")
    assert client.get(token=CURATOR, deal=deal, address="10.0.0.1").status_code == 200
    assert client.get(token=CURATOR, deal=deal, address="10.0.0.77").status_code == 200


def test_curator_who_is_known_works_while_others_guess(client: Client, plan_world: PlanWorld) -> None:
    plan_world.plan(1)
    deal = plan_world.visit()
    assert client.get(token=CURATOR, deal=deal).status_code == 200
    for number in range(30):
        client.get(token=f"guess-{number:012}", deal=deal)
    answer = client.get(token="guess-000000000099", deal=deal)
    assert (answer.status_code, answer.headers["retry-after"].isdigit()) == (429, True)
    assert client.get(token=CURATOR, deal=deal).status_code == 200


def test_one_curator_cannot_leaf_through_the_whole_card_index(client: Client, plan_world: PlanWorld) -> None:
    deal = plan_world.visit()
    statuses = [client.get(token=CURATOR, deal=deal + number).status_code for number in range(80)]
    assert statuses[60:] == [429] * 20


def test_refusals_and_views_are_in_the_security_journal_without_people(
    client: Client, plan_world: PlanWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ident.security")
    plan_world.plan(1)
    deal = plan_world.visit()
    client.get(token=CURATOR, deal=deal, fio="Лунёва Алсу Ильинична")
    client.get(deal=deal, address="10.9.9.9")
    text = "\n".join(record.getMessage() for record in caplog.records if record.name == "ident.security")
    assert f"plan_viewed user={CURATOR.user_id} deal={deal}" in text
    assert "plan_refused reason=no_token address=10.9.9.9" in text
    assert not any(secret in caplog.text for secret in ("Лунёва", "Алсу", CURATOR.token))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_reading_is_understood(client: Client, method: str) -> None:
    answer = client.request(method, "/api/v1/plans", {})
    assert (answer.status_code, answer.json()["error"]) == (405, "bad_request")


def test_page_of_another_origin_gets_no_permission(client: Client, plan_world: PlanWorld) -> None:
    own = {"Origin": "http://127.0.0.1:1"}
    foreign = {"Origin": "https://evil.example"}
    deal = plan_world.visit()
    allowed = client.get(token=CURATOR, deal=deal, headers=own)
    assert allowed.headers["access-control-allow-origin"] == own["Origin"]
    assert "access-control-allow-origin" not in client.get(token=CURATOR, deal=deal, headers=foreign).headers
    asks = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
        "Access-Control-Request-Private-Network": "true",
    }
    preflight = client.request("OPTIONS", "/api/v1/plans", {**own, **asks})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in preflight.headers
    assert client.request("OPTIONS", "/api/v1/plans", {**foreign, **asks}).status_code == 400


def test_portal_that_does_not_answer_lets_nobody_in(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    from demo.portal.faults import Fault, FaultKind

    deal = plan_world.visit()
    plan_world.portal.portal.faults.add(Fault(FaultKind.HTML, times=10))
    answer = client.get(token=CURATOR, deal=deal)
    plan_world.portal.portal.faults.clear()
    refused(answer, 503, "portal_unavailable", asker)
