"""Сценарии целиком: приём в базе → правила → сделка на портале (МАП 2.3, ADR 0005)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from demo.portal.faults import Fault, FaultKind
from demo.portal.schema import CONTACT, DEAL
from services.domain.errors import RetriableError
from services.domain.outbox import EntryState
from services.ident.sqlite import clinic_now
from services.sync.feed import Outcome
from services.sync.sender import Postponed
from tests.support.node import eventually
from tests.support.world import PHONE, World


def test_new_patient_gets_contact_and_deal(world: World) -> None:
    reception_id = world.book()
    world.order(reception_id, 1, 2)
    assert world.sync() == [Outcome.CREATED]
    deal = world.deal(f"F1_{reception_id}")
    assert deal["UF_CRM_SERVICES"] == "Лечение кариеса, Консультация"
    assert deal["OPPORTUNITY"] == 6000.5
    (contact,) = world.contacts()
    assert deal["CONTACT_ID"] == contact["ID"]
    assert contact["FM"][0]["VALUE"] == PHONE


def test_second_pass_writes_nothing(world: World) -> None:
    world.book()
    world.sync()
    before = world.portal.stats.requests
    assert world.sync() == []
    assert world.portal.stats.requests == before


def test_status_change_moves_the_stage_forward(world: World) -> None:
    reception_id = world.book()
    world.sync()
    world.mark(reception_id, PatientAppeared=clinic_now())
    assert world.sync() == [Outcome.UPDATED]
    deal = world.deal(f"F1_{reception_id}")
    assert (deal["STAGE_ID"], deal["UF_CRM_STATUS"]) == ("C1:TREATMENT", "Пациент пришел")


def test_known_contact_takes_the_deal(world: World) -> None:
    contact_id = world.add_contact("Лунёва", "Алсу", "8 (903) 111-22-33")
    reception_id = world.book()
    world.sync()
    assert world.deal(f"F1_{reception_id}")["CONTACT_ID"] == contact_id
    assert len(world.contacts()) == 1


def test_namesake_is_preferred_among_contacts_of_one_phone(world: World) -> None:
    world.add_contact("Лунёв", "Тимур")
    namesake = world.add_contact("Лунёва", "Алсу")
    reception_id = world.book()
    world.sync()
    assert world.deal(f"F1_{reception_id}")["CONTACT_ID"] == namesake


def test_open_lead_is_converted_and_keeps_its_data(world: World) -> None:
    lead_id = world.add_lead(SOURCE_ID="WEB", EMAIL=[{"VALUE": "a@example.test", "VALUE_TYPE": "WORK"}])
    reception_id = world.book()
    world.sync()
    deal = world.deal(f"F1_{reception_id}")
    assert world.lead(lead_id)["STATUS_ID"] == "CONVERTED"
    assert deal["LEAD_ID"] == lead_id
    (contact,) = world.contacts()
    assert {item["VALUE"] for item in contact["FM"]} == {PHONE, "a@example.test"}


@pytest.mark.parametrize("status", ["CONVERTED", "JUNK"])
def test_closed_lead_is_left_alone(world: World, status: str) -> None:
    lead_id = world.add_lead(STATUS_ID=status)
    reception_id = world.book()
    world.sync()
    assert world.lead(lead_id)["STATUS_ID"] == status
    assert not world.deal(f"F1_{reception_id}").get("LEAD_ID")


def test_contact_and_open_lead_both_serve_the_deal(world: World) -> None:
    contact_id, lead_id = world.add_contact("Лунёва", "Алсу"), world.add_lead()
    reception_id = world.book()
    world.sync()
    assert world.deal(f"F1_{reception_id}")["CONTACT_ID"] == contact_id
    assert world.lead(lead_id)["STATUS_ID"] == "CONVERTED"


def test_lead_that_came_after_the_deal_waits_for_its_own(world: World) -> None:
    reception_id = world.book()
    world.sync()
    lead_id = world.add_lead()
    world.mark(reception_id, PatientAppeared=clinic_now())
    world.sync()
    assert world.lead(lead_id)["STATUS_ID"] == "NEW"


def test_two_receptions_of_one_new_patient_share_a_contact(world: World) -> None:
    patient_id = world.patient()
    for _ in range(6):
        world.book(patient_id)
    world.sync(threads=6)
    assert len(world.deals()) == 6
    assert len(world.contacts()) == 1


def test_one_reception_sent_by_many_at_once_makes_one_deal(world: World) -> None:
    uid = f"F1_{world.book()}"
    world.extract()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(world.send, [uid] * 8))
    assert outcomes.count(Outcome.CREATED) == 1
    assert len(world.deals(uid)) == 1


@pytest.mark.parametrize("stage", ["C1:PLAN_PRESENT", "C1:WAITING_LIST", "C1:PREPAYMENT"])
def test_manual_stage_stays_even_on_cancel_but_the_reason_is_written(world: World, stage: str) -> None:
    reason = world.ident.insert("ReceptionCancelReasons", Name="Заболел")
    reception_id = world.book()
    world.sync()
    world.move(f"F1_{reception_id}", stage)
    world.mark(reception_id, ReceptionCanceled=clinic_now(), ID_ReceptionCancelReasons=reason)
    world.sync()
    deal = world.deal(f"F1_{reception_id}")
    assert (deal["STAGE_ID"], deal["UF_CRM_CANCEL_REASON"]) == (stage, "Заболел")


def test_cancelled_reception_goes_to_lose_and_never_returns(world: World) -> None:
    reception_id = world.book()
    world.sync()
    world.mark(reception_id, ReceptionCanceled=clinic_now())
    world.sync()
    assert world.deal(f"F1_{reception_id}")["STAGE_ID"] == "C1:LOSE"
    world.mark(reception_id, ReceptionCanceled=None, PatientAppeared=clinic_now())
    world.sync()
    deal = world.deal(f"F1_{reception_id}")
    assert (deal["STAGE_ID"], deal["UF_CRM_STATUS"]) == ("C1:LOSE", "Пациент пришел")


def test_first_values_stay_when_the_reception_moves(world: World) -> None:
    reception_id = world.book()
    world.sync()
    before = dict(world.deal(f"F1_{reception_id}"))
    start = world.ident.clock + timedelta(days=3)
    world.mark(reception_id, PlanStart=start, PlanEnd=start + timedelta(minutes=30), Comment="перенесён")
    assert world.sync() == [Outcome.UPDATED]
    after = world.deal(f"F1_{reception_id}")
    assert after["COMMENTS"] == "перенесён"
    assert (after["TITLE"], after["UF_CRM_START_TIME"]) == (before["TITLE"], before["UF_CRM_START_TIME"])


def test_branch_of_the_order_decides_between_two_branches_of_one_base(world: World) -> None:
    first, second = world.book(), world.book()
    world.order(second, 1, company_id=2)
    world.sync("F1")
    world.sync("F2")
    assert world.deal(f"F1_{first}")["UF_CRM_FILIAL"] == "Филиал Фучика"
    assert world.deal(f"F2_{second}")["UF_CRM_FILIAL"] == "Филиал Амирхана"
    assert len(world.deals()) == 2


def test_branch_that_resolves_differently_later_keeps_one_deal(world: World) -> None:
    reception_id = world.book()
    world.sync("F1")
    world.order(reception_id, 1, company_id=2)
    world.sync("F1")
    assert world.sync("F2") == [Outcome.UPDATED]
    (deal,) = world.deals()
    assert deal["UF_CRM_RECEPTION_ID"] == f"F1_{reception_id}"
    assert deal["UF_CRM_SERVICES"] == "Лечение кариеса"


def test_spoiled_reception_is_rejected_alone_with_advice(world: World) -> None:
    spoiled, good = world.book(world.patient(phone="нет")), world.book()
    world.sync()
    (rejection,) = world.services.store.links.rejections("F1")
    assert (rejection.uid, rejection.reason) == (f"F1_{spoiled}", "phone_invalid")
    assert world.deal(f"F1_{good}")


def test_corrected_reception_leaves_the_rejected_list(world: World) -> None:
    patient_id = world.patient(phone="")
    reception_id = world.book(patient_id)
    world.sync()
    world.ident.change("Persons", patient_id, MobilePhone=PHONE)
    world.mark(reception_id)
    assert world.sync() == [Outcome.CREATED]
    assert world.services.store.links.rejections("F1") == []


def test_deal_deleted_by_hand_is_made_again_at_the_next_change(world: World) -> None:
    reception_id = world.book()
    world.sync()
    with world.portal.state.changing():
        world.portal.state.remove(DEAL, world.deal(f"F1_{reception_id}")["ID"])
    world.mark(reception_id, Comment="ещё раз")
    world.sync()
    assert world.deal(f"F1_{reception_id}")["COMMENTS"] == "ещё раз"


def test_reconcile_finds_a_deal_deleted_by_hand_without_any_change(world: World) -> None:
    reception_id = world.book()
    world.sync()
    with world.portal.state.changing():
        world.portal.state.remove(DEAL, world.deal(f"F1_{reception_id}")["ID"])
    found = world.reconcile()
    assert found == [f"F1_{reception_id}"]
    assert world.send(found[0]) is Outcome.CREATED


def test_reconcile_finds_a_sum_changed_without_any_mark(world: World) -> None:
    hour_ago = clinic_now() - timedelta(hours=1)
    reception_id = world.book(DateTimeAdded=hour_ago, DateTimeChanged=hour_ago)
    order_id = world.ident.order(reception_id)
    world.ident.line(order_id, 1)
    world.book(world.patient(phone="+79035550003"))
    world.sync()
    world.ident.line(order_id, 2)
    assert world.sync() == []
    packet = world.reconcile()
    assert [world.send(uid) for uid in packet] == [Outcome.UPDATED]
    assert world.deal(f"F1_{reception_id}")["OPPORTUNITY"] == 6000.5


def test_lost_answer_to_a_create_makes_no_second_deal(hasty: World) -> None:
    uid = f"F1_{hasty.book()}"
    hasty.extract()
    hasty.portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER, methods=("crm.deal.add",)))
    assert isinstance(hasty.send(uid), Postponed)
    hasty.clock.shift = timedelta(minutes=20)
    eventually(lambda: hasty.send(uid) is Outcome.UPDATED)
    assert len(hasty.deals(uid)) == len(hasty.contacts()) == 1


def test_deal_born_of_a_lost_answer_is_found_and_finished_in_seconds(world: World) -> None:
    uid = f"F1_{world.book()}"
    world.extract()
    world.portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER, methods=("crm.deal.add",)))
    outcome = world.send(uid)
    assert isinstance(outcome, Postponed)
    assert outcome.retry_after == 3
    world.clock.shift = timedelta(seconds=3)
    assert world.send(uid) is Outcome.UPDATED
    assert len(world.deals(uid)) == len(world.contacts()) == 1


def test_unclear_creation_is_looked_for_and_repeated_only_when_the_portal_has_surely_finished(
    world: World,
) -> None:
    uid = f"F1_{world.book()}"
    world.extract()
    world.portal.portal.faults.add(Fault(FaultKind.RESET, methods=("crm.deal.add",)))
    assert isinstance(world.send(uid), Postponed)
    world.clock.shift = timedelta(seconds=3)
    assert isinstance(world.send(uid), Postponed)
    assert world.portal.stats.count("crm.deal.add") == 1
    (entry,) = world.services.store.outbox.entries("F1")
    assert (entry.state, entry.attempts) == (EntryState.DOUBT, 1)
    world.clock.shift = timedelta(seconds=66)
    assert world.send(uid) is Outcome.CREATED


def test_unclear_update_is_waited_out_longer_than_the_portal_can_work(world: World) -> None:
    reception_id = world.book()
    world.sync()
    world.mark(reception_id, Comment="вечером")
    (uid,) = world.extract()
    world.portal.portal.faults.add(Fault(FaultKind.RESET, methods=("crm.deal.update",)))
    outcome = world.send(uid)
    assert isinstance(outcome, Postponed)
    assert outcome.retry_after is not None
    assert outcome.retry_after >= 65


def test_refused_contact_makes_no_deal_and_touches_no_stranger(world: World) -> None:
    stranger = world.add_contact("Чужая", "Нина", "+79030000000")
    uids = [f"F1_{world.book(world.patient(phone=f'+7903111000{number}'))}" for number in range(6)]
    world.portal.portal.faults.add(
        Fault(FaultKind.COMMAND_ERROR, methods=("crm.contact.add",), code="CRM_FIELD_ERROR_REQUIRED")
    )
    outcomes = world.sync(threads=6)
    assert sorted(map(str, outcomes)) == ["created"] * 5 + ["failed"]
    assert len(world.deals()) == 5
    assert stranger not in {deal["CONTACT_ID"] for deal in world.deals()}
    world.services.store.outbox.requeue(uids, world.clock.now())
    assert [world.send(uid) for uid in world.branch().redrive.due()] == [Outcome.CREATED]
    assert len(world.deals()) == 6


def test_contact_created_before_a_failed_deal_is_used_by_the_next_attempt(hasty: World) -> None:
    uid = f"F1_{hasty.book()}"
    hasty.extract()
    hasty.portal.portal.faults.add(
        Fault(FaultKind.COMMAND_ERROR, methods=("crm.deal.add",), code="INTERNAL_SERVER_ERROR")
    )
    assert isinstance(hasty.send(uid), RetriableError)
    hasty.clock.shift = timedelta(minutes=20)
    eventually(lambda: hasty.send(uid) is Outcome.CREATED)
    (contact,) = hasty.contacts()
    assert hasty.deal(uid)["CONTACT_ID"] == contact["ID"]


def test_deal_that_lost_its_contact_gets_one_with_the_next_change(world: World) -> None:
    reception_id = world.book()
    world.sync()
    deal = world.deal(f"F1_{reception_id}")
    with world.portal.state.changing():
        world.portal.portal.crm.set_contacts(deal, [], 5)
    world.mark(reception_id, Comment="ещё раз")
    assert world.sync() == [Outcome.UPDATED]
    (contact,) = world.contacts()
    assert world.deal(f"F1_{reception_id}")["CONTACT_ID"] == contact["ID"]


def test_two_deals_of_one_phone_that_lost_their_contacts_share_one(world: World) -> None:
    patient_id = world.patient()
    receptions = [world.book(patient_id) for _ in range(2)]
    world.sync()
    (contact,) = world.contacts()
    with world.portal.state.changing():
        for deal in world.deals():
            world.portal.portal.crm.set_contacts(deal, [], 5)
        world.portal.state.remove(CONTACT, contact["ID"])
    for reception_id in receptions:
        world.mark(reception_id, Comment="ещё раз")
    assert world.sync() == [Outcome.UPDATED] * 2
    (restored,) = world.contacts()
    assert {deal["CONTACT_ID"] for deal in world.deals()} == {restored["ID"]}


def test_revoked_webhook_halts_sending_and_keeps_everything(world: World) -> None:
    uid = f"F1_{world.book()}"
    world.extract()
    world.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    assert world.send(uid) is Outcome.HALTED
    halt = world.services.store.gate.halted()
    assert halt is not None
    assert halt.reason == "unauthorized"
    assert world.branch().redrive.due() == ()
    world.portal.portal.faults.clear()
    world.services.store.gate.resume()
    world.clock.shift = timedelta(minutes=5)
    assert [world.send(due) for due in world.branch().redrive.due()] == [Outcome.CREATED]


def test_wiped_redis_doubles_nothing(world: World) -> None:
    for _ in range(5):
        world.book(world.patient(phone=f"+7903555000{_}"))
    world.sync()
    world.services.store.redis.flushall()
    assert set(world.sync()) == {Outcome.HALTED}
    world.clock.shift = timedelta(minutes=2)
    assert {world.send(uid) for uid in world.branch().redrive.due()} == {Outcome.UPDATED}
    assert len(world.deals()) == len(world.contacts()) == 5


def test_state_of_the_first_version_is_dropped_and_the_system_heals(world: World) -> None:
    """Версия 0.1.0 держала очередь и память под ключом приёма: их не читают, сделки находит сверка."""
    delivered, waiting = world.book(), world.book(world.patient(phone="+79035550009"))
    world.extract()
    world.send(f"F1_{delivered}")
    redis = world.services.store.redis
    for key in redis.scan_iter("ident:queue:*"):
        redis.delete(key)
    redis.delete("ident:known:D1")
    uid, now = f"F1_{waiting}", world.clock.now().timestamp()
    old = {"state": "in_flight", "version": 1, "attempts": 2, "token": "жетон", "ready_at": now + 60}
    redis.hset(f"ident:outbox:entry:{uid}", mapping=old)
    redis.zadd("ident:outbox:due:F1", {uid: now + 60})
    redis.zadd("ident:outbox:index:F1", {uid: now})
    redis.hset("ident:links:F1", f"F1_{delivered}", "отпечаток 1")
    assert world.reconcile() == [f"F1_{delivered}", uid]
    assert [world.send(f"F1_{delivered}"), world.send(uid)] == [Outcome.UPDATED, Outcome.CREATED]
    assert world.services.store.outbox.size("F1") == 0
    assert len(world.deals()) == len(world.contacts()) == 2


def test_failed_record_waits_for_a_person_and_can_be_requeued(world: World) -> None:
    uid = f"F1_{world.book()}"
    world.extract()
    world.portal.portal.faults.add(
        Fault(FaultKind.COMMAND_ERROR, methods=("crm.deal.add",), code="ERROR_CORE")
    )
    assert world.send(uid) is Outcome.FAILED
    (entry,) = world.services.store.outbox.entries("F1", EntryState.FAILED)
    assert entry.reason == "field_invalid"
    assert world.services.store.outbox.requeue([uid], world.clock.now()) == 1
    assert world.send(uid) in (Outcome.CREATED, Outcome.UPDATED)


def test_portal_without_the_key_field_is_noticed_before_any_deal_is_made(world: World) -> None:
    world.book()
    world.sync()
    world.portal.state.userfields[:] = [
        row for row in world.portal.state.userfields if row["FIELD_NAME"] != "UF_CRM_RECEPTION_ID"
    ]
    world.book(world.patient(phone="+79035550001"))
    assert world.sync() == [Outcome.HALTED]
    assert len(world.deals()) == 1


def test_text_with_the_batch_mark_arrives_unchanged(world: World) -> None:
    reception_id = world.book(Comment="смотри $result[g0c0][ID] и [b]это[/b]")
    other = world.book(world.patient(phone="+79035550002"))
    world.sync()
    assert world.deal(f"F1_{reception_id}")["COMMENTS"] == "смотри $result[g0c0][ID] и [b]это[/b]"
    assert world.deal(f"F1_{other}")["CONTACT_ID"] != world.deal(f"F1_{reception_id}")["CONTACT_ID"]


def test_unreachable_portal_postpones_and_then_opens_the_breaker(world: World) -> None:
    for number in range(8):
        world.book(world.patient(phone=f"+7903555001{number}"))
    uids = world.extract()
    world.portal.stop()
    outcomes = [world.send(uid) for uid in uids]
    assert [type(outcome) for outcome in outcomes[:5]] == [Postponed] * 5
    assert outcomes[5:] == [Outcome.HALTED] * 3
    assert sum(world.services.store.outbox.depth("F1").values()) == 8
