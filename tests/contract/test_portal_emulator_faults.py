"""Поломки по заказу: что увидит клиент и выполнен ли его вызов."""

import time

import pytest
import requests

from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.rest import Rest

#: На столько раньше срока вправе проснуться asyncio.sleep: один шаг часов (на Windows 15,6 мс).
TICK = time.get_clock_info("monotonic").resolution
BEFORE = [
    (FaultKind.INTERNAL_ERROR, 500, "INTERNAL_SERVER_ERROR"),
    (FaultKind.OVERLOAD, 503, "OVERLOAD_LIMIT"),
    (FaultKind.UNAUTHORIZED, 401, "NO_AUTH_FOUND"),
    (FaultKind.QUERY_LIMIT, 503, "QUERY_LIMIT_EXCEEDED"),
    (FaultKind.OPERATION_LIMIT, 429, "OPERATION_TIME_LIMIT"),
]


def executed(rest: Rest) -> int:
    """Возвращает, сколько сделок создано."""
    return len(rest.portal.state.entities[2])


def order(rest: Rest, *faults: Fault) -> None:
    """Заказывает поломки."""
    rest.portal.portal.faults.add(*faults)


def post(rest: Rest) -> requests.Response:
    """Создаёт сделку и возвращает сырой ответ."""
    return requests.post(rest.url + "crm.deal.add", json={"fields": {"TITLE": "x"}}, timeout=5)


@pytest.mark.parametrize(("kind", "status", "code"), BEFORE)
def test_refusal_comes_instead_of_the_work(rest: Rest, kind: FaultKind, status: int, code: str) -> None:
    order(rest, Fault(kind))
    answer = post(rest)
    assert (answer.status_code, answer.json()["error"], executed(rest)) == (status, code, 0)
    assert post(rest).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        (FaultKind.EMPTY_503, 503, 0),
        (FaultKind.HTML, 502, 0),
        (FaultKind.HTML_AFTER, 200, 1),
        (FaultKind.TRUNCATED, 200, 1),
    ],
)
def test_answer_that_is_no_json(rest: Rest, kind: FaultKind, status: int, done: int) -> None:
    order(rest, Fault(kind))
    answer = post(rest)
    assert (answer.status_code, executed(rest)) == (status, done)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_crash_after_the_work(rest: Rest) -> None:
    order(rest, Fault(FaultKind.INTERNAL_ERROR_AFTER))
    assert (post(rest).status_code, executed(rest)) == (500, 1)


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Fault(FaultKind.LOST_ANSWER), 1),
        (Fault(FaultKind.RESET), 0),
        (Fault(FaultKind.HANG, delay_ms=50), 1),
    ],
    ids=lambda value: str(getattr(value, "kind", value)),
)
def test_connection_is_cut(rest: Rest, fault: Fault, done: int) -> None:
    order(rest, fault)
    with pytest.raises(requests.exceptions.ConnectionError):
        post(rest)
    assert executed(rest) == done
    assert rest.portal.stats.records[-1].status == 0


def test_delay_only_delays(rest: Rest) -> None:
    order(rest, Fault(FaultKind.DELAY, delay_ms=100))
    assert post(rest).status_code == 200
    assert rest.portal.stats.records[-1].seconds >= 0.1 - TICK


def test_fault_chooses_methods_also_inside_a_batch(rest: Rest) -> None:
    order(rest, Fault(FaultKind.INTERNAL_ERROR, methods=("crm.deal.*",)))
    assert rest.reply("profile")[0] == 200
    assert rest.reply("batch", cmd={"a": "profile", "b": "crm.deal.list"})[0] == 500


def test_fault_of_one_command_leaves_the_rest_of_the_batch(rest: Rest) -> None:
    order(rest, Fault(FaultKind.COMMAND_ERROR, methods=("crm.deal.add",), code="ERROR_CORE"))
    result = rest.batch(a="crm.deal.add?fields[TITLE]=x", b="crm.deal.add?fields[TITLE]=y")
    assert result["result_error"]["a"]["error"] == "ERROR_CORE"
    assert "b" in result["result"]


def test_request_may_be_refused_as_a_whole_before_any_work(rest: Rest) -> None:
    order(rest, Fault(FaultKind.REFUSAL, code="ACCESS_DENIED"))
    status, body = rest.reply("batch", cmd={"a": "crm.deal.add?fields[TITLE]=x"})
    assert (status, body["error"], executed(rest)) == (400, "ACCESS_DENIED", 0)


@pytest.mark.parametrize("value", [None, False, True, ""], ids=str)
def test_work_may_be_done_and_answered_by_something_else(rest: Rest, value: object) -> None:
    order(rest, Fault(FaultKind.RESULT, methods=("crm.deal.add",), times=2, value=value))
    assert post(rest).json()["result"] == value
    assert rest.batch(a="crm.deal.add?fields[TITLE]=x", b="profile")["result"]["a"] == value
    assert executed(rest) == 2


def test_answer_may_drip_byte_by_byte(rest: Rest) -> None:
    order(rest, Fault(FaultKind.DRIP, delay_ms=0.1))
    assert post(rest).json()["result"] > 0


def test_answer_may_be_nested_beyond_measure(rest: Rest) -> None:
    order(rest, Fault(FaultKind.NESTED))
    assert post(rest).content.startswith(b"[[[")
    assert executed(rest) == 1


def test_fault_comes_so_many_times_after_so_many_calls(rest: Rest) -> None:
    order(rest, Fault(FaultKind.INTERNAL_ERROR, times=2, skip=1))
    assert [post(rest).status_code for _ in range(4)] == [200, 500, 500, 200]


def test_endless_fault_goes_on_until_it_is_cancelled(rest: Rest) -> None:
    order(rest, Fault(FaultKind.INTERNAL_ERROR, times=None))
    assert [post(rest).status_code for _ in range(3)] == [500] * 3
    rest.portal.portal.faults.clear()
    assert post(rest).status_code == 200


def test_improbable_fault_comes_now_and_then(rest: Rest) -> None:
    order(rest, Fault(FaultKind.INTERNAL_ERROR, times=None, probability=0.5))
    seen = [rest.reply("profile")[0] for _ in range(60)]
    assert {200, 500} == set(seen)


def test_faults_are_ordered_listed_and_cancelled_by_requests(rest: Rest) -> None:
    url = rest.portal.base_url + "emulator/faults"
    wanted = [{"kind": "reset", "methods": ["crm.*"]}, {"kind": "delay", "delay_ms": 5}]
    listed = requests.post(url, json=wanted, timeout=30).json()
    assert [(fault["kind"], fault["methods"]) for fault in listed] == [("reset", ["crm.*"]), ("delay", ["*"])]
    assert len(requests.post(url, json={"kind": "html"}, timeout=30).json()) == 3
    assert requests.delete(url, timeout=30).json() == []


@pytest.mark.parametrize("wrong", [{"kind": "пожар"}, {"methods": ["*"]}, {"kind": "html", "когда": 1}])
def test_unclear_fault_is_refused_with_an_explanation(rest: Rest, wrong: dict[str, object]) -> None:
    answer = requests.post(rest.portal.base_url + "emulator/faults", json=wrong, timeout=30)
    assert answer.status_code == 400
    assert "непонятная поломка" in answer.json()["error"]


def test_cloud_cuts_a_long_request_but_the_work_is_finished() -> None:
    with PortalServer(PortalOptions(write_ms=150, cut_after_s=0.05)) as portal:
        rest = Rest(portal)
        answer = post(rest)
        assert answer.status_code == 504
        assert "html" in answer.headers["content-type"]
        portal.app._rest.pool.shutdown(wait=True)
        assert executed(rest) == 1


def test_latency_belongs_to_a_request_and_work_time_to_commands() -> None:
    with PortalServer(PortalOptions(latency_ms=30, read_ms=20, write_ms=40)) as portal:
        rest = Rest(portal)
        rest.batch(a="profile", b="profile", c="crm.deal.add?fields[TITLE]=x")
        (record,) = portal.stats.records
    assert record.seconds >= (30 + 20 + 20 + 40) / 1000 - TICK
