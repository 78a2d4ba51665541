"""Привратник: кому верит, как долго и что считает неудачей."""

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress

import pytest

from config.models import ApplicationSettings
from plan_frontend.portal_auth import (
    BUDGET,
    DEALS_BY_USER,
    FAILURES_OF_STRANGERS,
    FOREIGN_BY_USER,
    MOST_REMEMBERED,
    REQUESTS_BY_USER,
    TRUST_SECONDS,
    Gatekeeper,
    MinuteCount,
    Trust,
)
from services.domain.admission import (
    AdmissionRefused,
    AdmissionUnavailable,
    Refusal,
    TokenOwner,
    VisitedDeal,
)

APPLICATION = ApplicationSettings(client_id="local.1", member_id="portal-1")
#: Предел портала в этих проверках, запросов в секунду.
RATE = 2.0
OWNER = TokenOwner("local.1", "portal-1", 5)


class FakeVisitors:
    """Портал и сервер авторизации, которые отвечают, что велено."""

    def __init__(self) -> None:
        self.owners: dict[str, TokenOwner] = {"good": OWNER}
        self.portal_user = 5
        self.asked: list[str] = []
        self.down = self.closed = False

    def owner(self, token: str) -> TokenOwner:
        """Говорит, чей токен."""
        self.asked.append("owner")
        if self.down:
            raise AdmissionUnavailable("портал не отвечает")
        if token not in self.owners:
            raise AdmissionRefused(Refusal.BAD_TOKEN)
        return self.owners[token]

    def deal(self, token: str, deal_id: int) -> tuple[int, VisitedDeal]:
        """Отдаёт сделку."""
        self.asked.append(f"deal {deal_id}")
        if self.closed:
            raise AdmissionRefused(Refusal.FOREIGN_DEAL)
        return self.portal_user, VisitedDeal(deal_id, "F1_1", "", "", "")


class Hands:
    """Часы, которые переводят руками."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def visitors() -> FakeVisitors:
    """Портал."""
    return FakeVisitors()


@pytest.fixture
def hands() -> Hands:
    """Часы."""
    return Hands()


@pytest.fixture
def gatekeeper(visitors: FakeVisitors, hands: Hands) -> Gatekeeper:
    """Привратник при этом портале и этих часах."""
    return Gatekeeper(visitors, APPLICATION, RATE, hands)


def refusal(gatekeeper: Gatekeeper, token: str = "good", deal: int = 7, address: str = "10.0.0.1") -> Refusal:
    with pytest.raises(AdmissionRefused) as caught:
        gatekeeper.admit(token, deal, address)
    return caught.value.refusal


def test_checked_token_and_deal_are_trusted_for_minutes_and_no_longer(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    for _ in range(3):
        assert gatekeeper.admit("good", 7, "10.0.0.1").user_id == 5
    assert visitors.asked == ["owner", "deal 7"]
    hands.now += TRUST_SECONDS + 1
    gatekeeper.admit("good", 7, "10.0.0.1")
    assert visitors.asked == ["owner", "deal 7"] * 2


def test_trust_in_one_deal_says_nothing_of_another(gatekeeper: Gatekeeper, visitors: FakeVisitors) -> None:
    gatekeeper.admit("good", 7, "10.0.0.1")
    gatekeeper.admit("good", 8, "10.0.0.1")
    assert visitors.asked == ["owner", "deal 7", "deal 8"]


def test_revoked_rights_stop_working_when_trust_ends(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    gatekeeper.admit("good", 7, "10.0.0.1")
    visitors.owners.clear()
    hands.now += TRUST_SECONDS + 1
    assert refusal(gatekeeper) is Refusal.BAD_TOKEN


@pytest.mark.parametrize(
    "owner",
    [
        TokenOwner("local.2", "portal-1", 5),
        TokenOwner("local.1", "portal-2", 5),
        TokenOwner("local.1", "portal-1", 0),
        TokenOwner("", "", 0),
    ],
)
def test_token_of_another_application_portal_or_nobody_is_refused(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, owner: TokenOwner
) -> None:
    visitors.owners["other"] = owner
    assert refusal(gatekeeper, "other") is Refusal.FOREIGN_APPLICATION
    assert visitors.asked == ["owner"]


def test_portal_that_knows_another_person_under_the_token_is_not_believed(
    gatekeeper: Gatekeeper, visitors: FakeVisitors
) -> None:
    visitors.portal_user = 6
    assert refusal(gatekeeper) is Refusal.BAD_TOKEN


def test_trouble_of_the_portal_is_nobodys_failure(gatekeeper: Gatekeeper, visitors: FakeVisitors) -> None:
    visitors.down = True
    for _ in range(30):
        with pytest.raises(AdmissionUnavailable, match="не отвечает"):
            gatekeeper.admit("good", 7, "10.0.0.1")
    visitors.down = False
    assert gatekeeper.admit("good", 7, "10.0.0.1").user_id == 5


def test_address_that_failed_much_waits_a_minute(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    reasons = [refusal(gatekeeper, f"guess {number}") for number in range(12)]
    assert reasons == [Refusal.BAD_TOKEN] * 10 + [Refusal.TOO_MANY_FAILURES] * 2
    assert refusal(gatekeeper, "good") is Refusal.TOO_MANY_FAILURES
    assert gatekeeper.admit("good", 7, "10.0.0.2").user_id == 5
    hands.now += 61
    assert gatekeeper.admit("good", 8, "10.0.0.1").user_id == 5


def test_failures_of_one_address_lock_nobody_else(gatekeeper: Gatekeeper, visitors: FakeVisitors) -> None:
    for number in range(30):
        refusal(gatekeeper, f"guess {number}", address="10.0.0.1")
    assert gatekeeper.admit("good", 7, "10.0.1.1").user_id == 5


def test_failures_of_many_strangers_do_not_lock_out_an_address_staff_came_from(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    gatekeeper.admit("good", 7, "10.0.1.1")
    hands.now += TRUST_SECONDS + 1
    asked = len(visitors.asked)
    for number in range(300):
        refusal(gatekeeper, f"guess {number}", address=f"10.0.2.{number}")
    assert len(visitors.asked) - asked == FAILURES_OF_STRANGERS
    assert gatekeeper.admit("good", 7, "10.0.1.1").user_id == 5
    assert refusal(gatekeeper, "new", address="10.0.1.2") is Refusal.TOO_MANY_FAILURES


def test_whole_network_of_ipv6_is_one_source(gatekeeper: Gatekeeper) -> None:
    reasons = [refusal(gatekeeper, f"guess {n}", address=f"2001:db8::{n:x}") for n in range(12)]
    assert reasons[-1] is Refusal.TOO_MANY_FAILURES
    assert gatekeeper.admit("good", 7, "2001:db8:0:1::1").user_id == 5


def test_checks_under_way_count_as_failures_until_they_end(
    visitors: FakeVisitors, gatekeeper: Gatekeeper
) -> None:
    """Сотня запросов разом не проскочит, пока первая проверка ещё идёт."""
    held, asked = threading.Event(), visitors.owner

    def slow(token: str) -> TokenOwner:
        held.wait(10)
        return asked(token)

    visitors.owner = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(30) as pool:
        asks = [pool.submit(refusal, gatekeeper, f"guess {number}") for number in range(30)]
        wait(asks, timeout=1.0, return_when=FIRST_COMPLETED)
        held.set()
        reasons = [one.result(10) for one in asks]
    assert reasons.count(Refusal.BAD_TOKEN) == 10
    assert reasons.count(Refusal.TOO_MANY_FAILURES) == 20


def test_good_tokens_of_one_office_are_not_counted_as_failures(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    for number in range(40):
        visitors.owners[f"good {number}"] = TokenOwner("local.1", "portal-1", number + 1)
        visitors.portal_user = number + 1
        hands.now += 1
        assert gatekeeper.admit(f"good {number}", 7, "10.0.0.1").user_id == number + 1


def test_one_person_asks_so_often_a_minute(gatekeeper: Gatekeeper, hands: Hands) -> None:
    for _ in range(REQUESTS_BY_USER):
        gatekeeper.admit("good", 7, "10.0.0.1")
    assert refusal(gatekeeper) is Refusal.TOO_OFTEN
    hands.now += 61
    assert gatekeeper.admit("good", 7, "10.0.0.1").user_id == 5


def test_one_person_opens_so_many_deals_a_minute(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    for number in range(DEALS_BY_USER):
        gatekeeper.admit("good", number + 1, "10.0.0.1")
        hands.now += 1
    asked = list(visitors.asked)
    assert refusal(gatekeeper, deal=777) is Refusal.TOO_OFTEN
    assert visitors.asked == asked
    assert gatekeeper.admit("good", 1, "10.0.0.1").deal.deal_id == 1


def test_person_who_tries_deals_of_others_is_stopped_before_the_portal(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    visitors.closed = True
    for number in range(FOREIGN_BY_USER):
        assert refusal(gatekeeper, deal=number + 1) is Refusal.FOREIGN_DEAL
        hands.now += 1
    asked = len(visitors.asked)
    assert refusal(gatekeeper, deal=777) is Refusal.TOO_MANY_FAILURES
    assert len(visitors.asked) == asked


def test_tab_takes_no_more_than_half_of_the_limit_of_the_portal(
    gatekeeper: Gatekeeper, visitors: FakeVisitors, hands: Hands
) -> None:
    """240 обращений разом занимали общий предел на две минуты."""
    for number in range(240):
        visitors.owners[f"good {number}"] = TokenOwner("local.1", "portal-1", number + 1)
        visitors.portal_user = number + 1
        with suppress(AdmissionUnavailable):
            gatekeeper.admit(f"good {number}", number + 1, "10.0.0.1")
    assert sum(one.startswith("deal") for one in visitors.asked) == BUDGET
    hands.now += 20
    with suppress(AdmissionUnavailable):
        for number in range(240):
            visitors.portal_user = number + 1
            gatekeeper.admit(f"good {number}", number + 1000, "10.0.0.1")
    assert sum(one.startswith("deal") for one in visitors.asked) == 2 * BUDGET


def test_one_person_opens_so_many_deals_a_day_and_the_excess_is_told(
    visitors: FakeVisitors, hands: Hands
) -> None:
    told: list[int] = []
    application = ApplicationSettings(client_id="local.1", member_id="portal-1", plans_per_day=30)
    gatekeeper = Gatekeeper(visitors, application, RATE, hands, told.append)
    for number in range(30):
        gatekeeper.admit("good", number + 1, "10.0.0.1")
        hands.now += 60
    asked = sum(one.startswith("deal") for one in visitors.asked)
    assert refusal(gatekeeper, deal=777) is Refusal.TOO_MANY_TODAY
    assert (told, sum(one.startswith("deal") for one in visitors.asked)) == ([5], asked)
    hands.now += 86_400
    assert gatekeeper.admit("good", 777, "10.0.0.1").user_id == 5


def test_memory_of_addresses_and_tokens_is_bounded(hands: Hands) -> None:
    pace, trust = MinuteCount(1, hands), Trust[int](hands)
    for number in range(MOST_REMEMBERED + 10):
        pace.note(str(number))
        trust.put(str(number).encode(), number)
    assert pace.wait("0") == 0
    assert pace.wait(str(MOST_REMEMBERED)) > 0
    assert trust.get(b"0") is None
    assert trust.get(str(MOST_REMEMBERED).encode()) == MOST_REMEMBERED
