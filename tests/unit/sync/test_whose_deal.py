"""Инсайдер правит поля сделок: чужая не берётся, своя не теряется (постановления 35 и 36)."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.domain.crm import Found
from services.domain.errors import NetworkError
from services.domain.outbox import Link
from services.domain.phones import Phone, normalize_phone
from services.sync.feed import Outcome
from services.sync.ownership import DealOwnership
from tests.fakes import COLLEAGUE, KEY, FakeCrm
from tests.support.scenarios import PHONE, Office


@pytest.fixture
def office() -> Office:
    """Филиал с пустой очередью."""
    return Office()


def planted(office: Office, uid: str, phone: str = "+79990000000", **fields: Any) -> int:
    """Кладёт сделку сотрудника с вписанным ключом; возвращает её номер."""
    contact = office.crm.add_contact("Иная", "Анна", phone)
    return office.crm.add_deal(uid, contact, COLLEAGUE, TITLE="Моя сделка", **fields)


def own_deals(office: Office, uid: str) -> list[int]:
    """Возвращает сделки под ключом, созданные узлом."""
    found = [deal for deal in office.crm.deals.values() if deal.fields.get(KEY) == uid]
    return [deal.deal_id for deal in found if deal.created_by != COLLEAGUE]


def beside_foreign(office: Office, elder: bool) -> tuple[str, int]:
    """Доставляет приём рядом с чужой сделкой под его ключом; возвращает ключ и свою сделку."""
    if elder:
        planted(office, "F1_1", PHONE)
    uid = office.book()
    office.send(uid)
    if not elder:
        planted(office, "F1_1", PHONE)
    (own,) = own_deals(office, uid)
    return uid, own


@pytest.mark.parametrize("phone", ["+79990000000", PHONE], ids=["чужой телефон", "телефон пациента"])
def test_next_keys_taken_in_advance_are_not_adopted(office: Office, phone: str) -> None:
    """Сотрудник заранее завёл сделки с ключами будущих приёмов: настоящие создаются, чужие не тронуты."""
    for number in (1, 2, 3):
        foreign = office.crm.deals[planted(office, f"F1_{number}", phone)]
        before = dict(foreign.fields)
        uid = office.book(number)
        assert office.send(uid) is Outcome.CREATED
        assert len(own_deals(office, uid)) == 1
        assert [deal.fields for deal in office.crm.deals.values() if deal.created_by == COLLEAGUE][
            -1
        ] == before
    assert office.counted("foreign_key") == 3
    assert office.journal.names.count("foreign_key") == 3


def test_alarm_names_the_deal_and_its_creator(office: Office) -> None:
    deal_id = planted(office, "F1_1")
    office.send(office.book())
    assert office.journal.fields("foreign_key") == {
        "reception": "F1_1",
        "deal": deal_id,
        "creator": COLLEAGUE,
    }
    note = office.stats.notes("F1")["foreign_key"]
    assert all(part in note for part in (str(deal_id), "F1_1", str(COLLEAGUE)))


@pytest.mark.parametrize("elder", [True, False], ids=["чужая старше", "чужая моложе"])
def test_with_memory_the_own_deal_is_updated(office: Office, elder: bool) -> None:
    uid, own = beside_foreign(office, elder)
    office.book(comment="исправлено")
    assert office.send(uid) is Outcome.UPDATED
    assert office.crm.deals[own].fields["COMMENTS"] == "исправлено"
    assert own_deals(office, uid) == [own]


@pytest.mark.parametrize("elder", [True, False], ids=["чужая старше", "чужая моложе"])
def test_with_memory_lost_the_own_deal_is_found_again(office: Office, elder: bool) -> None:
    uid, own = beside_foreign(office, elder)
    office.links.reset("F1")
    assert office.send(uid) is Outcome.UPDATED
    assert own_deals(office, uid) == [own]
    assert office.link(uid).deal_id == own  # type: ignore[union-attr]


def test_memory_lost_in_the_middle_of_a_creation_makes_no_second_deal(office: Office) -> None:
    """Сделка создалась, память о ней не успела записаться: узнаётся по вебхуку и телефону."""
    planted(office, "F1_1", PHONE)
    uid = office.book()
    office.crm.add_lead(PHONE)
    office.crm.trouble("convert_lead", NetworkError("оборвалось"))
    office.send(uid)
    office.links.reset("F1")
    office.clock.advance(minutes=2)
    assert office.send_again(uid) is Outcome.UPDATED
    assert len(own_deals(office, uid)) == 1


def test_key_moved_to_another_patients_deal_of_ours_is_not_believed_without_memory(office: Office) -> None:
    """Сотрудник вписал ключ второго приёма в сделку первого пациента, память потеряна."""
    office.send(office.book(1, phone="+79161111111"))
    (first,) = own_deals(office, "F1_1")
    office.crm.deals[first].fields[KEY] = "F1_2"
    office.links.reset("F1")
    assert office.send(office.book(2, phone="+79162222222")) is Outcome.CREATED
    assert office.crm.deals[first].fields["TITLE"].startswith("Иванов")  # type: ignore[attr-defined]
    assert own_deals(office, "F1_2") == [first, max(own_deals(office, "F1_2"))]


def test_cleared_key_is_written_back_and_makes_no_second_deal(office: Office) -> None:
    """Постановление 35."""
    uid = office.book()
    office.send(uid)
    (own,) = own_deals(office, uid)
    office.crm.deals[own].fields[KEY] = ""
    office.book(comment="исправлено")
    assert office.send(uid) is Outcome.UPDATED
    assert own_deals(office, uid) == [own]
    assert "key_restored" in office.journal.names


@pytest.mark.parametrize("key", ["", "F1_999"], ids=["стёрт", "переписан"])
def test_reconcile_notices_a_key_that_is_gone(office: Office, key: str) -> None:
    uid = office.book()
    office.send(uid)
    (own,) = own_deals(office, uid)
    office.crm.deals[own].fields[KEY] = key
    assert [list(packet) for packet in office.reconcile.packets()] == [[uid]]
    assert office.link(uid) == Link("", own)
    assert office.send_again(uid) is Outcome.UPDATED
    assert own_deals(office, uid) == [own]


def test_letter_case_of_a_key_is_no_change(office: Office) -> None:
    uid = office.book()
    office.send(uid)
    (own,) = own_deals(office, uid)
    office.crm.deals[own].fields[KEY] = "f1_1"
    assert [list(packet) for packet in office.reconcile.packets()] == [[]]


def test_deal_whose_contact_vanished_while_it_was_made_is_still_ours(office: Office) -> None:
    uid = office.book()
    office.crm.meanwhile["create_deal"] = office.crm.contacts.clear
    assert isinstance(office.send(uid), Exception)
    (own,) = own_deals(office, uid)
    office.clock.advance(minutes=2)
    assert office.send_again(uid) is Outcome.UPDATED
    assert own_deals(office, uid) == [own]
    assert office.crm.deals[own].contact_id is not None


def test_deal_made_before_the_webhook_changed_is_still_ours() -> None:
    office = Office(portal={"webhook": "http://127.0.0.1:1/rest/9/abc/", "former_webhook_users": [1]})
    contact = office.crm.add_contact("Иванов", "Иван", PHONE)
    deal = office.crm.add_deal("F1_1", contact, 1, STAGE_ID="C1:CONSULTATION_SCHEDULED", CATEGORY_ID=1)
    assert office.send(office.book()) is Outcome.UPDATED
    assert list(office.crm.deals) == [deal]


class SlowCrm:
    """Портал, отвечающий на вопрос о сделке, когда доставка её уже запомнила."""

    def __init__(self, crm: FakeCrm, office: Office, link: Link) -> None:
        self._crm, self._office, self._link = crm, office, link

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки; тем временем доставка кончилась."""
        found = self._crm.find(uids, phone, known_contact)
        self._office.links.save(uids[0], self._link, self._office.clock.now())
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)


def test_what_a_delivery_remembered_meanwhile_is_not_forgotten(office: Office) -> None:
    """Снимок планов спросил, чья сделка, пока её создавали: отпечаток доставленного остаётся."""
    uid = office.book()
    office.send(uid)
    (deal_id,) = own_deals(office, uid)
    delivered = office.links.get([uid])[uid]
    office.redis.flushall()
    phone = normalize_phone(PHONE)
    assert phone is not None
    slow = DealOwnership(office.work, SlowCrm(office.crm, office, delivered), "F1")
    assert slow.belongs(deal_id, None, [uid], phone)
    assert office.links.get([uid])[uid] == delivered


def test_what_the_portal_proved_is_remembered_where_memory_is_silent(office: Office) -> None:
    uid = office.book()
    office.send(uid)
    (deal_id,) = own_deals(office, uid)
    office.redis.flushall()
    assert DealOwnership(office.work, office.crm, "F1").belongs(deal_id, None, [uid], normalize_phone(PHONE))
    assert office.links.get([uid])[uid] == Link("", deal_id)
