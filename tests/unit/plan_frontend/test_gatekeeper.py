"""Привратник: кому верит, как долго и что считает неудачей."""

import pytest

from config.models import ApplicationSettings
from plan_frontend.portal_auth import (
    MOST_REMEMBERED,
    REQUESTS_BY_USER,
    TRUST_SECONDS,
    Gatekeeper,
    Pace,
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
OWNER = TokenOwner("local.1", "portal-1", 5)


class FakeVisitors:
    """Портал и сервер авторизации, которые отвечают, что велено."""

    def __init__(self) -> None:
        self.owners: dict[str, TokenOwner] = {"good": OWNER}
        self.portal_user = 5
        self.asked: list[str] = []
        self.down = False

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
    return Gatekeeper(visitors, APPLICATION, hands)


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


def test_one_person_asks_so_often_a_minute(gatekeeper: Gatekeeper, hands: Hands) -> None:
    for number in range(REQUESTS_BY_USER):
        gatekeeper.admit("good", number + 1, "10.0.0.1")
    assert refusal(gatekeeper) is Refusal.TOO_OFTEN
    hands.now += 61
    assert gatekeeper.admit("good", 7, "10.0.0.1").user_id == 5


def test_memory_of_addresses_and_tokens_is_bounded(hands: Hands) -> None:
    pace, trust = Pace(1, hands), Trust[int](hands)
    for number in range(MOST_REMEMBERED + 10):
        pace.note(str(number))
        trust.put(str(number).encode(), number)
    assert pace.wait("0") == 0
    assert pace.wait(str(MOST_REMEMBERED)) > 0
    assert trust.get(b"0") is None
    assert trust.get(str(MOST_REMEMBERED).encode()) == MOST_REMEMBERED
