"""Критерии приёмки ТЗ 5.1 на работающем узле: база Ident → Redis → Celery → портал."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from services.ident.sqlite import clinic_now
from tests.support.node import NODE, Process, eventually
from tests.support.redis_process import RedisProcess
from tests.support.world import World

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("acceptance")]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess) -> Iterator[World]:
    """Клиника с двумя филиалами на одной базе и работающий узел."""
    with redis_process.client() as client:
        client.flushall()
    with PortalServer(PortalOptions(rate=1000, threshold=1000)) as portal:
        folder = tmp_path_factory.mktemp("acceptance")
        world = World(folder, redis_process.url, portal, sync={"interval": 1})
        with Process(world.path, NODE):
            yield world
        world.close()


def new_patient(clinic: World, phone: str) -> int:
    """Заводит пациента с телефоном."""
    return clinic.patient("Облаков", "Камиль", phone)


def arrived(clinic: World, uid: str, **fields: object) -> None:
    """Ждёт, пока сделка записи не примет нужный вид."""
    eventually(
        lambda: any(
            all(deal.get(name) == value for name, value in fields.items()) for deal in clinic.deals(uid)
        )
    )


def test_5_1_1_new_reception_becomes_a_right_deal(clinic: World) -> None:
    reception_id = clinic.book(new_patient(clinic, "8 (903) 800-00-01"))
    uid = f"F1_{reception_id}"
    arrived(clinic, uid)
    deal = clinic.deal(uid)
    start = clinic.ident.read(reception_id).plan_start
    assert start is not None
    assert deal["TITLE"] == f"Облаков Камиль - {start:%d.%m.%Y %H:%M}"
    assert deal["STAGE_ID"] == "C1:CONSULT_SCHED"
    assert deal["UF_CRM_FILIAL"] == "Филиал Фучика"
    assert (deal["UF_CRM_DOCTOR_SURNAME"], deal["UF_CRM_DOCTOR_PROFESSION"]) == ("Зорин", "Терапевт")


def test_5_1_2_status_change_moves_the_deal(clinic: World) -> None:
    reception_id = clinic.book(new_patient(clinic, "+79038000002"))
    uid = f"F1_{reception_id}"
    clinic.order(reception_id, 1)
    arrived(clinic, uid, STAGE_ID="C1:CONSULT_SCHED")
    clinic.mark(reception_id, PatientAppeared=clinic_now(), ReceptionStarted=clinic_now())
    arrived(clinic, uid, STAGE_ID="C1:TREATMENT", UF_CRM_STATUS="В процессе")
    clinic.mark(reception_id, ReceptionEnded=clinic_now(), CheckIssued=clinic_now())
    arrived(clinic, uid, STAGE_ID="C1:WON", UF_CRM_STATUS="Завершен (счет выдан)")


def test_5_1_3_lead_with_the_same_phone_is_converted(clinic: World) -> None:
    lead_id = clinic.add_lead("+79038000003")
    uid = f"F1_{clinic.book(new_patient(clinic, '89038000003'))}"
    arrived(clinic, uid, LEAD_ID=lead_id)
    eventually(lambda: clinic.lead(lead_id)["STATUS_ID"] == "CONVERTED")


def test_5_1_4_branch_is_right_in_100_receptions_of_a_shared_base(clinic: World) -> None:
    rng = Random(514)
    armchair = clinic.ident.insert("Armchairs", NameArmchair="Кабинет 7", ID_OwnCompanies=2)
    bare = clinic.ident.insert("Armchairs", NameArmchair="Рентген")
    expected = {}
    for number in range(100):
        chair, company = rng.choice((1, armchair, bare)), rng.choice((None, 1, 2))
        patient_id = new_patient(clinic, f"+790381{number:05}")
        # Без отметок времени приём не виден: узел прочтёт его сразу с заказом.
        reception_id = clinic.ident.reception(ID_Patients=patient_id, ID_Armchairs=chair)
        if company:
            clinic.ident.line(clinic.ident.order(reception_id, company))
        clinic.mark(reception_id, DateTimeAdded=clinic_now())
        owner = company or {1: 1, armchair: 2}.get(chair)
        name = {1: "Филиал Фучика", 2: "Филиал Амирхана", None: "Не указан"}[owner]
        expected[f"F{owner or 1}_{reception_id}"] = name
    eventually(lambda: all(clinic.deals(uid) for uid in expected))
    found = {uid: clinic.deal(uid)["UF_CRM_FILIAL"] for uid in expected}
    assert found == expected


def test_5_1_6_manual_stage_is_protected(clinic: World) -> None:
    reception_id = clinic.book(new_patient(clinic, "+79038000006"))
    uid = f"F1_{reception_id}"
    arrived(clinic, uid)
    clinic.move(uid, "C1:PLAN_PRESENT")
    clinic.mark(reception_id, PatientAppeared=clinic_now(), CheckIssued=clinic_now())
    arrived(clinic, uid, UF_CRM_STATUS="Завершен (счет выдан)")
    assert clinic.deal(uid)["STAGE_ID"] == "C1:PLAN_PRESENT"


def test_5_1_7_cancellation_sends_the_deal_to_lose_with_the_reason(clinic: World) -> None:
    reason = clinic.ident.insert("ReceptionCancelReasons", Name="Пациент заболел")
    reception_id = clinic.book(new_patient(clinic, "+79038000007"))
    uid = f"F1_{reception_id}"
    arrived(clinic, uid)
    clinic.mark(
        reception_id,
        ReceptionCanceled=clinic_now(),
        ID_ReceptionCancelReasons=reason,
        CancelReasonComment="перезвонит",
    )
    arrived(clinic, uid, STAGE_ID="C1:LOSE", UF_CRM_CANCEL_REASON="Пациент заболел: перезвонит")


def test_5_1_8_all_services_are_listed_with_commas(clinic: World) -> None:
    reception_id = clinic.book(new_patient(clinic, "+79038000008"))
    clinic.order(reception_id, 1, 2, 1, 1, 2, 1)
    wanted = "Лечение кариеса, Консультация, Лечение кариеса, Лечение кариеса, Консультация, Лечение кариеса"
    arrived(clinic, f"F1_{reception_id}", UF_CRM_SERVICES=wanted, OPPORTUNITY=22001.0)


def test_5_1_10_reception_without_an_order_has_empty_services(clinic: World) -> None:
    uid = (
        f"F1_{clinic.book(new_patient(clinic, '+79038000010'), PlanStart=clinic_now() + timedelta(hours=5))}"
    )
    # PlanEnd по умолчанию завтра: приём без услуг всё равно верен.
    arrived(clinic, uid)
    deal = clinic.deal(uid)
    assert (deal.get("UF_CRM_SERVICES") or "", deal["OPPORTUNITY"]) == ("", 0.0)
