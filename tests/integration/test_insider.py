"""Инсайдер против портала: предсказанные ключи, угаданные планы, чужие снимки.

Сотрудник портала вправе править поля любых сделок и заводить свои. Итог всегда один: ноль показанных планов,
ноль записей в чужие сделки, ноль потерянных настоящих, и каждая попытка — тревога (docs/security.md).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demo.portal.entities import Edit
from demo.portal.schema import CONTACT, DEAL
from demo.portal.server import PortalServer
from plan_frontend.plan_api.app import assembled
from services.bitrix.client import open_limiter
from services.bitrix.visitors import open_visitors
from tests.support.node import eventually
from tests.support.plans import ALSU, CURATOR, WEBHOOK_USER, DirectAsker, PlanWorld, plan_portal
from tests.unit.plan_frontend.conftest import Client, NoLimit

RECEPTIONS = 6
KEY, PATIENT, PLANS = "UF_CRM_RECEPTION_ID", "UF_CRM_IDENT_PATIENT", "UF_CRM_TREATMENT_PLANS"


class Insider(PlanWorld):
    """Мир, где сотрудник 5 заводит свои сделки раньше и позже настоящих."""

    def plant(self, **fields: object) -> int:
        """Заводит сделку сотрудника с контактом, у которого телефон жертвы; возвращает её номер."""
        given = {"TITLE": f"{ALSU} - 01.12.2026 10:00", "CATEGORY_ID": 1, **fields}
        contact = self.add_contact("Иная", "Анна", self.victim_phone)
        return self._add(DEAL, {"CONTACT_IDS": [contact], **given}, CURATOR.user_id)

    victim_phone = "+79031112233"

    def edit(self, deal_id: int, **fields: object) -> None:
        """Правит сделку рукой сотрудника."""
        with self.portal.state.changing():
            row = self.portal.state.entities[DEAL][deal_id]
            self.portal.portal.crm.update(DEAL, row, Edit(dict(fields), CURATOR.user_id))

    def forget(self) -> None:
        """Теряет память о доставленном."""
        self.services.store.links.reset("F1")

    def true_deals(self) -> dict[str, list[int]]:
        """Возвращает сделки узла по ключам."""
        found: dict[str, list[int]] = {}
        for row in self.deals():
            if row["CREATED_BY_ID"] == WEBHOOK_USER:
                found.setdefault(str(row[KEY]), []).append(int(row["ID"]))
        return found

    def foreign(self) -> dict[int, dict[str, Any]]:
        """Возвращает сделки сотрудника, как они стоят сейчас."""
        return {int(row["ID"]): dict(row) for row in self.deals() if row["CREATED_BY_ID"] == CURATOR.user_id}

    def alarms(self) -> float:
        """Возвращает, сколько раз поднята тревога."""
        return self.services.store.stats.last_hour("F1", self.services.clock.now()).get("foreign_key", 0)

    def deliver(self) -> None:
        """Переносит изменившиеся приёмы и планы."""
        self.sync()
        self.take("plans")
        for entry in self.services.store.outbox.entries("F1"):
            self.send(entry.uid)


@pytest.fixture(scope="module")
def insider_portal() -> Iterator[PortalServer]:
    """Портал с токенами сотрудников."""
    with plan_portal() as portal:
        yield portal


@pytest.fixture
def world(tmp_path: Path, redis_url: str, insider_portal: PortalServer) -> Iterator[Insider]:
    """Клиника с чистыми базой, Redis и сделками."""
    for kind in (DEAL, CONTACT):
        insider_portal.state.entities[kind].clear()
    world = Insider(tmp_path / "insider", redis_url, insider_portal)
    yield world
    world.close()


@pytest.fixture
def tab(world: Insider) -> Iterator[Client]:
    """Вкладка сотрудника."""
    application = world.settings.application
    assert application is not None
    visitors = open_visitors(world.settings.portal, application, NoLimit())  # type: ignore[arg-type]
    journal = world.services.security_journal
    with ThreadPoolExecutor(4) as executor:
        yield Client(assembled(world.settings, visitors, DirectAsker(world), journal, executor))


def remembers(world: Insider) -> None:
    """Память цела."""


def forgets(world: Insider) -> None:
    """Память потеряна."""
    world.forget()


memory = pytest.mark.parametrize("lose", [remembers, forgets], ids=["память есть", "память потеряна"])
Lose = Callable[[Insider], None]


@memory
def test_predicted_keys_are_neither_adopted_nor_touched(world: Insider, lose: Lose) -> None:
    for number in range(1, RECEPTIONS + 1):
        world.plant(**{KEY: f"F1_{number}"})
    before = world.foreign()
    receptions = [world.book(world.patient(phone=world.victim_phone)) for _ in range(RECEPTIONS)]
    world.sync()
    lose(world)
    for reception_id in receptions:
        world.mark(reception_id, Comment="исправлено")
    world.sync()
    assert {uid: len(deals) for uid, deals in world.true_deals().items()} == {
        f"F1_{number}": 1 for number in receptions
    }
    assert world.foreign() == before
    assert world.alarms() >= RECEPTIONS


def test_memory_lost_in_the_middle_of_the_work_leaves_one_true_deal_each(world: Insider) -> None:
    for number in range(1, RECEPTIONS + 1):
        world.plant(**{KEY: f"F1_{number}"})
    before = world.foreign()
    receptions = [world.book(world.patient(phone=world.victim_phone)) for _ in range(RECEPTIONS)]
    uids = world.extract()
    for uid in uids[: RECEPTIONS // 2]:
        world.send(uid)
    world.forget()
    for uid in uids:
        world.send(uid)
    for reception_id in receptions:
        world.mark(reception_id, Comment="исправлено")
    world.sync()
    assert [len(deals) for deals in world.true_deals().values()] == [1] * RECEPTIONS
    assert world.foreign() == before


@memory
@pytest.mark.parametrize("number", range(1, 4))
def test_guessed_keys_show_no_plan(world: Insider, tab: Client, lose: Lose, number: int) -> None:
    world.plan(2)
    for _ in range(3):
        world.book(1)
    world.sync()
    lose(world)
    deal = world.plant(**{KEY: f"F1_{number}"})
    answer = tab.get(token=CURATOR, deal=deal)
    assert (answer.status_code, answer.json()["error"]) == (403, "foreign_key")
    assert world.alarms() >= 1


def test_title_of_the_patient_shows_no_plan(world: Insider, tab: Client) -> None:
    world.plan(2)
    answer = tab.get(token=CURATOR, deal=world.plant())
    assert answer.json()["found"] == "nothing"


@memory
def test_true_deals_go_on_showing_plans(world: Insider, tab: Client, lose: Lose) -> None:
    world.plan(2)
    reception_id = world.book(1)
    world.plant(**{KEY: f"F1_{reception_id}"})
    world.sync()
    lose(world)
    (own,) = world.true_deals()[f"F1_{reception_id}"]
    assert tab.get(token=CURATOR, deal=own).json()["found"] == "plans"


def test_question_with_lost_memory_goes_ahead_of_the_sync(world: Insider, tab: Client) -> None:
    """Обмен ждёт предела десять секунд; человеку отвечают раньше, и второй вопрос портала уже не касается."""
    world.plan(2)
    reception_id = world.book(1)
    world.sync()
    world.forget()
    (own,) = world.true_deals()[f"F1_{reception_id}"]
    services, portal = world.services, world.settings.portal
    open_limiter(portal, services.store.redis, world.settings.redis.prefix).freeze(10)
    with ThreadPoolExecutor(1) as executor:
        executor.submit(services.client.call, "profile", {})
        eventually(lambda: services.client.waiting == 1)
        asked = [world.portal.stats.requests]
        for _ in range(2):
            assert tab.get(token=CURATOR, deal=own).json()["found"] == "plans"
            asked.append(world.portal.stats.requests)
        assert services.client.waiting == 1
        services.client.withdraw()
    # Чей токен, сделка глазами сотрудника, поиск вебхуком, чтение контакта; потом всё известно.
    assert [after - before for before, after in pairwise(asked)] == [4, 0]


def test_deal_of_a_colleague_costs_the_portal_nothing_when_memory_is_lost(
    world: Insider, tab: Client
) -> None:
    world.plan(2)
    deal = world.plant(**{KEY: f"F1_{world.book(1)}"})
    asked = world.portal.stats.requests
    assert tab.get(token=CURATOR, deal=deal).json()["error"] == "foreign_key"
    assert world.portal.stats.requests == asked + 2  # чей токен и сделка глазами сотрудника


@memory
@pytest.mark.parametrize("key", ["", "F1_1", "F1_999", "F9_1"])
def test_patient_written_by_hand_gets_no_snapshot(world: Insider, lose: Lose, key: str) -> None:
    world.plan(2, DateTimeAdded=world.ident.clock, DateTimeCreated=world.ident.clock)
    reception_id = world.book(1)
    foreign = world.plant(**{KEY: key, PATIENT: "D1_1"})
    world.sync()
    lose(world)
    world.deliver()
    assert not world.foreign()[foreign].get(PLANS)
    (own,) = world.true_deals()[f"F1_{reception_id}"]
    assert world.portal.state.entities[DEAL][own].get(PLANS)
    assert world.alarms() >= 1


def test_patient_rewritten_in_our_own_deal_gets_no_snapshot_of_another(world: Insider) -> None:
    """Сотрудник вписал номер жертвы в настоящую сделку своего знакомого."""
    world.plan(2, DateTimeAdded=world.ident.clock, DateTimeCreated=world.ident.clock)
    friend = world.book(world.patient("Знакомый", "Олег", "+79035556677"))
    world.sync()
    (deal,) = world.true_deals()[f"F1_{friend}"]
    world.edit(deal, **{PATIENT: "D1_1"})
    world.deliver()
    assert not world.portal.state.entities[DEAL][deal].get(PLANS)
    assert world.alarms() == 1
