"""Пределы портала: частота — дырявое ведро 2/с до 50, время метода — десять минутных корзин."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from demo.portal.limits import LeakyBuckets
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.clocks import EmulatorClock
from tests.support.rest import Rest


@contextmanager
def portal_with(clock: EmulatorClock, **options: object) -> Iterator[Rest]:
    """Держит портал с часами проверки."""
    with PortalServer(PortalOptions(**options), clock=clock) as portal:  # type: ignore[arg-type]
        yield Rest(portal)


def statuses(rest: Rest, count: int) -> list[int]:
    """Возвращает коды ответов на столько запросов подряд."""
    return [rest.reply("profile")[0] for _ in range(count)]


# --- Частота -------------------------------------------------------------------------------------


def test_fifty_requests_at_once_are_served_and_the_next_is_refused() -> None:
    clock = EmulatorClock()
    with portal_with(clock) as rest:
        assert statuses(rest, 50) == [200] * 50
        assert rest.error("profile") == (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        clock.advance(1.0)
        assert statuses(rest, 3) == [200, 200, 503]


def test_two_a_second_are_served_for_ever() -> None:
    clock = EmulatorClock()
    buckets = LeakyBuckets(2.0, 50.0, clock)
    admitted = []
    for _ in range(2000):
        admitted.append(buckets.admit("127.0.0.1"))
        clock.advance(0.5)
    assert all(admitted)
    assert buckets.level("127.0.0.1") == 0.0


def test_batch_is_one_request_and_a_refused_one_executes_nothing() -> None:
    with portal_with(EmulatorClock(), threshold=2.0) as rest:
        rest.batch(**{f"c{number}": "crm.deal.add?fields[TITLE]=x" for number in range(50)})
        rest.batch(a="profile")
        assert rest.error("crm.deal.add", fields={"TITLE": "лишняя"})[1] == "QUERY_LIMIT_EXCEEDED"
        assert len(rest.portal.state.entities[2]) == 50


def test_every_address_has_its_own_bucket() -> None:
    buckets = LeakyBuckets(2.0, 1.0, EmulatorClock())
    assert [buckets.admit(source) for source in ("a", "a", "b")] == [True, False, True]


@pytest.mark.parametrize(("counted", "after"), [(False, True), (True, False)])
def test_refused_requests_may_be_counted_too(counted: bool, after: bool) -> None:
    clock = EmulatorClock()
    buckets = LeakyBuckets(2.0, 1.0, clock, count_refused=counted)
    first = [buckets.admit("a") for _ in range(10)]
    clock.advance(0.5)
    assert (first, buckets.admit("a")) == ([True] + [False] * 9, after)


# --- Время методов -------------------------------------------------------------------------------


def test_method_that_spent_its_time_is_refused_and_the_others_go_on() -> None:
    with portal_with(EmulatorClock()) as rest:
        spend(rest, "crm.deal.add", 480)
        assert rest.error("crm.deal.add", fields={}) == (
            429,
            "OPERATION_TIME_LIMIT",
            "Method is blocked due to operation time limit.",
        )
        assert rest.result("crm.deal.list") == []


def test_time_returns_when_its_minute_is_ten_minutes_old() -> None:
    clock = EmulatorClock()
    with portal_with(clock) as rest:
        spend(rest, "crm.deal.add", 480)
        clock.advance(9 * 60)
        assert rest.error("crm.deal.add", fields={})[0] == 429
        clock.advance(60)
        assert rest.deal()


def test_answer_tells_the_sum_and_when_the_oldest_minute_leaves() -> None:
    clock = EmulatorClock()
    with portal_with(clock) as rest:
        spend(rest, "crm.deal.add", 100)
        clock.advance(120)
        spend(rest, "crm.deal.add", 50)
        time = rest.reply("crm.deal.add", fields={"TITLE": "x"})[1]["time"]
    assert time["operating"] == 150.0
    assert time["operating_reset_at"] == (1_735_500_000 // 60 + 10) * 60


def test_command_of_a_batch_is_refused_by_its_own_method_and_the_batch_itself_never() -> None:
    with portal_with(EmulatorClock()) as rest:
        spend(rest, "crm.deal.add", 480)
        spend(rest, "batch", 480)
        result = rest.batch(a="crm.deal.add?fields[TITLE]=x", b="profile")
    assert result["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert result["result"]["b"]["ID"] == "1"


def test_call_that_crosses_the_limit_still_finishes() -> None:
    with PortalServer(PortalOptions(write_ms=20, operating_factor=1000, operating_limit=15)) as portal:
        rest = Rest(portal)
        assert rest.deal()
        assert rest.error("crm.deal.add", fields={})[0] == 429


def spend(rest: Rest, method: str, seconds: float) -> None:
    """Тратит время метода."""
    body = {"method": method, "seconds": seconds}
    assert requests.post(rest.portal.base_url + "emulator/operating", json=body, timeout=30).json() is True


# --- Счёт запросов -------------------------------------------------------------------------------


def test_every_request_is_written_down(rest: Rest) -> None:
    rest.deal()
    rest.batch(a="crm.deal.list", b="crm.deal.get?id=99")
    rest.reply("no.such")
    stats = rest.portal.stats
    assert (stats.requests, stats.commands, stats.refused) == (3, 4, 0)
    assert (stats.count("crm.deal.list"), stats.max_per_second() <= 3) == (1, True)
    assert [(record.status, record.error, record.command_errors) for record in stats.records] == [
        (200, "", 0),
        (200, "", 1),
        (404, "ERROR_METHOD_NOT_FOUND", 0),
    ]


def test_summary_is_open_to_the_page(rest: Rest) -> None:
    rest.deal()
    url = rest.portal.base_url + "emulator/stats"
    shown = requests.get(url, timeout=30).json()
    assert (shown["requests"], shown["by_method"], shown["by_status"]) == (1, {"crm.deal.add": 1}, {"200": 1})
    assert shown["recent"][0]["method"] == "crm.deal.add"
    assert requests.delete(url, timeout=30).json()["requests"] == 0
