"""Эмулятор глазами официального SDK: то, что понимает b24pysdk, и есть Bitrix24."""

from collections.abc import Iterator
from typing import Any

import pytest
from b24pysdk import BitrixWebhook, Client
from b24pysdk.errors import (
    BitrixAPIBadRequest,
    BitrixAPIInvalidArgValue,
    BitrixAPIInvalidCredentials,
    BitrixAPINotFound,
    BitrixAPIOperationTimeLimit,
    BitrixAPIOverloadLimit,
    BitrixAPIQueryLimitExceeded,
    BitrixRequestError,
)

from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer

CODE = "1/demo0webhook0code"


@pytest.fixture(scope="module")
def secure() -> Iterator[PortalServer]:
    """Портал по https: другого SDK не знает."""
    with PortalServer(PortalOptions(rate=1000, threshold=1000), tls=True) as portal:
        yield portal


@pytest.fixture
def webhook(secure: PortalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[BitrixWebhook]:
    """Вебхук SDK, который доверяет сертификату портала."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_file))
    yield BitrixWebhook(domain=f"127.0.0.1:{secure.port}", webhook_token=CODE)
    secure.portal.faults.clear()


@pytest.fixture
def client(webhook: BitrixWebhook) -> Client:
    """Клиент SDK."""
    return Client(webhook)


def test_sdk_learns_who_it_is(client: Client) -> None:
    profile = client.profile().result
    assert (profile["ID"], profile["ADMIN"]) == ("1", True)


def test_sdk_creates_reads_changes_and_deletes_a_deal(client: Client) -> None:
    deal_id = client.crm.deal.add(fields={"TITLE": "Лунёва Алсу", "OPPORTUNITY": 6000.5}).result
    assert client.crm.deal.update(bitrix_id=deal_id, fields={"TITLE": "Новое"}).result is True
    deal = client.crm.deal.get(bitrix_id=deal_id).result
    assert (deal["ID"], deal["TITLE"], deal["OPPORTUNITY"]) == (str(deal_id), "Новое", "6000.50")
    assert client.crm.deal.delete(bitrix_id=deal_id).result is True


def test_sdk_reads_timing_of_an_answer(client: Client) -> None:
    time = client.crm.deal.add(fields={"TITLE": "x"}).response.time
    assert time.duration >= 0
    assert time.operating is not None
    assert time.operating_reset_at is not None


def test_sdk_pages_through_a_list(client: Client) -> None:
    marked = {"ORIGINATOR_ID": "pages"}
    methods = [("crm.deal.add", {"fields": {"TITLE": str(number), **marked}}) for number in range(120)]
    client._bitrix_token.call_batches(methods)
    request = client.crm.deal.list(select=["ID"], filter=marked)
    assert request.response.total == 120
    assert request.response.next == 50
    assert len(request.as_list().result) == 120
    fast = list(client.crm.deal.list(select=["ID"], filter=marked).as_list_fast().result)
    assert len({row["ID"] for row in fast}) == 120


def test_sdk_pages_through_the_new_family(client: Client) -> None:
    for number in range(3):
        fields = {"title": f"новая {number}", "originatorId": "items"}
        assert client.crm.item.add(entity_type_id=2, fields=fields).result["item"]["id"]
    request = client.crm.item.list(entity_type_id=2, filter={"originatorId": "items"}, order={"id": "DESC"})
    titles = [item["title"] for item in request.result["items"]]
    assert titles == ["новая 2", "новая 1", "новая 0"]


def test_sdk_batch_chains_one_answer_into_the_next(webhook: BitrixWebhook) -> None:
    answer = webhook.call_batch(
        {
            "contact": ("crm.contact.add", {"fields": {"NAME": "Алсу"}}),
            "deal": ("crm.deal.add", {"fields": {"TITLE": "x", "CONTACT_IDS": ["$result[contact]"]}}),
            "read": ("crm.deal.get", {"id": "$result[deal]"}),
            "title": ("crm.deal.list", {"filter": {"ID": "$result[read][ID]"}}),
        }
    )["result"]
    results = answer["result"]
    assert results["read"]["CONTACT_ID"] == str(results["contact"])
    assert results["title"][0]["ID"] == str(results["deal"])
    assert answer["result_total"] == {"title": 1}
    assert set(answer["result_time"]) == set(results)


def test_sdk_batch_returns_errors_beside_results(webhook: BitrixWebhook) -> None:
    answer = webhook.call_batch([("crm.deal.get", {"id": 999999}), ("profile", {})])["result"]
    # Частичный массив PHP остаётся словарём с номерами.
    assert answer["result_error"] == [{"error": "", "error_description": "Not found"}]
    assert answer["result"]["1"]["ID"] == "1"


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("crm.deal.get", {"id": 999999}, BitrixAPIBadRequest),
        ("crm.item.get", {"entityTypeId": 2, "id": 999999}, BitrixAPINotFound),
        ("crm.no.such", {}, BitrixAPINotFound),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"bad": 1}}, BitrixAPIInvalidArgValue),
    ],
)
def test_sdk_knows_the_errors_by_their_kind(
    webhook: BitrixWebhook, method: str, params: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        webhook.call_method(method, params)


def test_sdk_is_not_let_in_with_a_wrong_code(webhook: BitrixWebhook, secure: PortalServer) -> None:
    stranger = BitrixWebhook(domain=f"127.0.0.1:{secure.port}", webhook_token="1/wrong")
    with pytest.raises(BitrixAPIInvalidCredentials):
        stranger.call_method("profile")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (FaultKind.OVERLOAD, BitrixAPIOverloadLimit),
        (FaultKind.OPERATION_LIMIT, BitrixAPIOperationTimeLimit),
        (FaultKind.QUERY_LIMIT, BitrixAPIQueryLimitExceeded),
        (FaultKind.RESET, BitrixRequestError),
    ],
)
def test_sdk_sees_the_troubles_it_was_written_for(
    webhook: BitrixWebhook, secure: PortalServer, fault: FaultKind, kind: type[Exception]
) -> None:
    secure.portal.faults.add(Fault(fault, times=None))
    with pytest.raises(kind):
        webhook.call_method("profile", max_retries=1)


def test_sdk_repeats_after_a_refusal_for_frequency(webhook: BitrixWebhook, secure: PortalServer) -> None:
    secure.portal.faults.add(Fault(FaultKind.QUERY_LIMIT))
    answer = webhook.call_method("profile", initial_retry_delay=0.01)
    assert answer["result"]["ID"] == "1"
