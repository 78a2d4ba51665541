"""Ответы вкладке: планы, выбор, пусто, сбои."""

from datetime import datetime

import pytest

from tests.support.plans import ALSU, CURATOR, DirectAsker, PlanWorld
from tests.unit.plan_frontend.conftest import Client


def test_plan_of_the_deals_reception_is_shown(client: Client, plan_world: PlanWorld) -> None:
    plan_id, deal = plan_world.plan(3), plan_world.visit()
    answer = client.get(token=CURATOR, deal=deal)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["found"], shown["plan"]["plan_id"]) == ("plans", plan_id)
    assert shown["patient"] == {
        "patient": "F1_1",
        "branch": "F1",
        "patient_name": ALSU,
        "card_number": "К-1",
    }
    (stage,) = shown["plan"]["stages"]
    assert [line["total"] for line in stage["services"]] == [5000.0] * 3
    assert {"element", "service", "status", "price", "teeth", "discount", "total"} == set(
        stage["services"][0]
    )


def test_page_may_repeat_the_reception_and_the_name_of_the_deal(
    client: Client, plan_world: PlanWorld
) -> None:
    plan_world.plan(1)
    reception_id = plan_world.book(1)
    deal = plan_world.deal_for(reception_id)
    answer = client.get(
        token=CURATOR, deal=deal, reception=f"F1_{reception_id}", fio="лунева  АЛСУ ильинична"
    )
    assert answer.json()["found"] == "plans"


def test_several_plans_come_newest_first_and_another_is_opened_by_number(
    client: Client, plan_world: PlanWorld
) -> None:
    old, new, middle = (
        plan_world.plan(month, DateTimeCreated=datetime(2026, month, 1)) for month in (1, 5, 3)
    )
    deal = plan_world.visit()
    shown = client.get(token=CURATOR, deal=deal).json()
    assert [plan["plan_id"] for plan in shown["plans"]] == [new, middle, old]
    chosen = client.get(f"/api/v1/plans/{old}", token=CURATOR, deal=deal).json()
    assert (chosen["plan"]["plan_id"], chosen["plan"]["total"]) == (old, 5000.0)


def test_deal_without_plans_says_so(client: Client, plan_world: PlanWorld) -> None:
    answer = client.get(token=CURATOR, deal=plan_world.visit()).json()
    assert answer["found"] == "nothing"
    assert answer["message"] == "План лечения не найден для данного пациента"
    assert answer["patient"]["patient"] == "F1_1"


def test_deal_made_by_hand_is_looked_up_by_its_contact(client: Client, plan_world: PlanWorld) -> None:
    plan_world.plan(1)
    answer = client.get(token=CURATOR, deal=plan_world.deal_for(0, 5), fio=ALSU).json()
    assert answer["patient"]["card_number"] == "К-1"


@pytest.mark.parametrize(
    "changes",
    [{"CONTACT_IDS": []}, {"CATEGORY_ID": 0, "STAGE_ID": "NEW"}],
    ids=["без контакта", "чужая воронка"],
)
def test_deal_made_by_hand_needs_a_contact_and_our_pipeline(
    client: Client, plan_world: PlanWorld, changes: dict[str, object]
) -> None:
    plan_world.plan(1)
    deal = plan_world.deal_for(0, 5, **changes)
    assert client.get(token=CURATOR, deal=deal).json()["found"] == "nothing"


def test_namesakes_are_chosen_by_card(client: Client, plan_world: PlanWorld) -> None:
    twin = plan_world.namesake()
    plan_world.plan(1)
    plan_world.plan(2, patient_id=twin)
    deal = plan_world.deal_for(0)
    choice = client.get(token=CURATOR, deal=deal).json()
    assert [(one["patient"], one["card_number"], one["plans"]) for one in choice["patients"]] == [
        ("F1_1", "К-1", 1),
        (f"F1_{twin}", "К-77", 1),
    ]
    chosen = client.get(token=CURATOR, deal=deal, patient=f"F1_{twin}").json()
    assert chosen["plan"]["progress"]["lines"] == 2


def test_silence_of_the_branch_is_explained(
    client: Client, plan_world: PlanWorld, asker: DirectAsker
) -> None:
    asker.silent = True
    answer = client.get(token=CURATOR, deal=plan_world.visit())
    assert (answer.status_code, answer.json()["error"]) == (504, "late")
    assert "Обновить" in answer.json()["message"]


def test_database_failure_is_explained(client: Client, plan_world: PlanWorld) -> None:
    deal = plan_world.visit()
    plan_world.services.source("D1").close()
    plan_world.ident.path.write_bytes(b"not a database" * 100)
    answer = client.get(token=CURATOR, deal=deal)
    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")


def test_deal_of_a_branch_of_another_node_is_explained(client: Client, plan_world: PlanWorld) -> None:
    answer = client.get(token=CURATOR, deal=plan_world.visit(UF_CRM_RECEPTION_ID="F9_1"))
    assert (answer.status_code, answer.json()["error"]) == (409, "unknown_branch")


def test_service_says_that_it_is_alive_to_anybody(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v2/plans", "/api/v1/plans/1/2", "/docs"])
def test_there_are_no_other_paths(client: Client, path: str) -> None:
    answer = client.get(path, token=CURATOR)
    assert (answer.status_code, answer.json()["error"]) == (404, "bad_request")


def test_answers_are_not_stored_and_not_sniffed(client: Client, plan_world: PlanWorld) -> None:
    answer = client.get(token=CURATOR, deal=plan_world.visit())
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
