"""Эмулятор глазами fast_bitrix24: страницы списков, пакеты на сотни вызовов, ошибки."""

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import ClientResponseError
from fast_bitrix24 import Bitrix
from fast_bitrix24.server_response import ErrorInServerResponseException

from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from tests.support.rest import Rest


@pytest.fixture
def bitrix(portal: PortalServer) -> Iterator[Bitrix]:
    """Клиент fast_bitrix24; цикл событий он берёт у потока и не закрывает, поэтому даём и закрываем свой."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield Bitrix(portal.url, verbose=False)
    asyncio.set_event_loop(None)
    loop.close()


def test_get_all_walks_every_page(bitrix: Bitrix, rest: Rest) -> None:
    created = {rest.deal(TITLE=f"Приём {number}") for number in range(120)}
    rows = bitrix.get_all("crm.deal.list", {"select": ["ID", "TITLE"]})
    assert {int(row["ID"]) for row in rows} == created
    assert rest.portal.stats.count("crm.deal.list") == 3


def test_get_all_respects_a_filter(bitrix: Bitrix, rest: Rest) -> None:
    wanted = [rest.contact(LAST_NAME="Лунёва") for _ in range(3)]
    rest.contact(LAST_NAME="Зорин")
    rows = bitrix.get_all("crm.contact.list", {"filter": {"LAST_NAME": "Лунёва"}, "select": ["ID"]})
    assert sorted(int(row["ID"]) for row in rows) == wanted


def test_get_all_reads_a_dictionary(bitrix: Bitrix) -> None:
    rows = bitrix.get_all("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_1"}})
    assert "C1:CONSULT_SCHED" in {row["STATUS_ID"] for row in rows}


def test_call_of_a_list_goes_by_full_batches(bitrix: Bitrix, rest: Rest) -> None:
    orders = [{"fields": {"TITLE": f"Приём {number}"}} for number in range(120)]
    numbers = bitrix.call("crm.deal.add", orders)
    titles = {deal["TITLE"] for deal in rest.portal.state.entities[2].values()}
    assert (len(set(numbers)), titles) == (120, {order["fields"]["TITLE"] for order in orders})
    assert sorted(len(record.commands) for record in rest.portal.stats.records) == [20, 50, 50]


def test_single_call_returns_its_result(bitrix: Bitrix, rest: Rest) -> None:
    contact_id = bitrix.call("crm.contact.add", {"fields": {"NAME": "Алсу"}})
    assert rest.result("crm.contact.get", id=contact_id)["NAME"] == "Алсу"


def test_nested_params_reach_the_portal_through_a_batch(bitrix: Bitrix, rest: Rest) -> None:
    phones = [{"VALUE": "+79031112233", "VALUE_TYPE": "MOBILE"}]
    contact_id = bitrix.call("crm.contact.add", {"fields": {"NAME": "Алсу", "PHONE": phones}})
    (phone,) = rest.result("crm.contact.get", id=contact_id)["PHONE"]
    assert phone["VALUE"] == "+79031112233"


def test_get_by_id_returns_a_map(bitrix: Bitrix, rest: Rest) -> None:
    numbers = [rest.deal(TITLE=name) for name in ("А", "Б")]
    found = bitrix.get_by_ID("crm.deal.get", numbers)
    assert {int(key): row["TITLE"] for key, row in found.items()} == dict(
        zip(numbers, ("А", "Б"), strict=True)
    )


def test_raw_batch_chains_answers(bitrix: Bitrix) -> None:
    commands = {"a": "crm.deal.add?fields[TITLE]=x", "b": "crm.deal.get?id=$result[a]"}
    answer = bitrix.call("batch", {"halt": 0, "cmd": commands}, raw=True)["result"]["result"]
    assert answer["b"]["ID"] == str(answer["a"])


def test_refused_command_is_an_error(bitrix: Bitrix) -> None:
    with pytest.raises(ErrorInServerResponseException, match="Not found"):
        bitrix.call("crm.deal.get", {"ID": 999999})


def test_unknown_order_of_the_new_family_is_refused_as_portals_do(bitrix: Bitrix, rest: Rest) -> None:
    # get_all всегда сортирует по ID; crm.item.* знает только id (fast_bitrix24, обсуждение 196).
    rest.deal()
    with pytest.raises(ClientResponseError) as caught:
        bitrix.get_all("crm.item.list", {"entityTypeId": 2})
    assert caught.value.status == 400


def test_trouble_on_the_way_is_repeated_by_the_client(bitrix: Bitrix, rest: Rest) -> None:
    rest.portal.portal.faults.add(Fault(FaultKind.QUERY_LIMIT))
    assert bitrix.call("profile", raw=True)["result"]["ID"] == "1"
