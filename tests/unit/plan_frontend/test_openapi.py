"""Описание API верно: schemathesis шлёт годное и негодное, ответы всегда таковы, как описано."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, product
from typing import Any

import pytest
import schemathesis

# Загружается заранее: посреди проверки её разбор, прерванный сборкой мусора, рушит Python 3.11 (gh-106905).
import schemathesis.specs.openapi.schemas
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from plan_frontend.plan_api.app import assembled
from plan_frontend.plan_api.openapi import description
from services.bitrix.visitors import open_visitors
from tests.support.plans import ALSU, CURATOR, DirectAsker, PlanWorld, bearer
from tests.unit.plan_frontend.conftest import Client, NoLimit

PATHS = ("/api/v1/plans", "/api/v1/plans/{plan_id}", "/healthz")
examples = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def patient_app(plan_world: PlanWorld, asker: DirectAsker) -> Iterator[Any]:
    """Приложение, для которого между запросами проходит минута: тормоз на частоту не мешает."""
    application, minutes = plan_world.settings.application, count(step=61)
    assert application is not None
    visitors = open_visitors(plan_world.settings.portal, application, NoLimit())
    with ThreadPoolExecutor(4) as executor:
        journal = plan_world.services.security_journal
        yield assembled(plan_world.settings, visitors, asker, journal, executor, lambda: float(next(minutes)))
    visitors.close()


@pytest.fixture
def api(patient_app: Any) -> Any:
    """Описание, прочитанное у самого приложения."""
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", patient_app)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, GenerationMode.POSITIVE) for path in PATHS),
        *((path, GenerationMode.NEGATIVE) for path in PATHS[:2]),
    ],
)
def test_answers_are_as_described(api: Any, path: str, mode: GenerationMode) -> None:
    @given(case=api[path]["GET"].as_strategy(generation_mode=mode))
    @examples
    def check(case: Any) -> None:
        case.call_and_validate(headers=bearer(CURATOR))

    check()


def test_plans_of_a_real_deal_are_as_described(api: Any, plan_world: PlanWorld) -> None:
    plans = (plan_world.plan(2), plan_world.plan(0, Name=None, ID_Staffs=None), 404)
    plan_world.namesake()
    deals = (plan_world.visit(), plan_world.deal_for(0), plan_world.visit(UF_CRM_RECEPTION_ID="F9_1"), 999)

    def status(deal: int, name: str | None, plan_id: int | None) -> int:
        query = {"deal": deal, **({"fio": name} if name else {})}
        operation = api[PATHS[0] if plan_id is None else PATHS[1]]["GET"]
        case = operation.Case(query=query, path_parameters={"plan_id": plan_id} if plan_id else {})
        return int(case.call_and_validate(headers=bearer(CURATOR)).status_code)

    seen = {status(*asked) for asked in product(deals, (ALSU, "Чужая Анна", None), (None, *plans))}
    assert seen == {200, 403, 404, 409}


def test_description_is_given_to_anybody(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").json() == description()
