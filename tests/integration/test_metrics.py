"""Метрики: разбираются самим Prometheus, называют всё, что рисует готовая доска Grafana."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from demo.portal.server import PortalServer
from plan_frontend.metrics import exposition, metrics_route
from plan_frontend.plan_api.app import plan_app
from tests.support.pages import PageServer
from tests.support.plans import PlanWorld
from tests.support.watched import WatchedWorld

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "ident-bitrix24.json"


@pytest.fixture
def watched(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[WatchedWorld]:
    """Работающая установка."""
    watched = WatchedWorld(tmp_path, redis_url, portal)
    yield watched
    watched.close()


def samples(text: str) -> dict[tuple[str, str], float]:
    """Возвращает значения по имени и меткам."""
    return {
        (
            sample.name,
            ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_the_state(watched: WatchedWorld) -> None:
    watched.lose_base()
    watched.halt()
    watched.fail(10)
    watched.reject()
    found = samples(exposition(watched.services))
    assert found["ident_up", ""] == 1
    assert 700 < found["ident_last_success_age_seconds", "branch=F3"] < 900
    assert found["ident_database_trouble", "branch=F3"] == 1
    assert found["ident_database_trouble", "branch=F1"] == 0
    assert found["ident_outbox_entries", "branch=F2,state=waiting"] == 37
    assert found["ident_outbox_entries", "branch=F2,state=failed"] == 2
    assert found["ident_rejected_receptions", "branch=F1"] == 1
    assert found["ident_receptions_total", "branch=F1,event=failed"] == 2
    assert found["ident_portal_requests_total", ""] == 41
    assert found["ident_portal_operating_seconds", "method=crm.deal.update"] == 61
    assert found["ident_halted", ""] == 1
    assert 0 < found["ident_disk_used_ratio", ""] < 1


def test_metrics_are_served_by_any_application(watched: WatchedWorld) -> None:
    with PageServer(Starlette(routes=[metrics_route(watched.services)])) as server:
        answer = requests.get(server.url + "metrics", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(answer.text)["ident_paused", ""] == 0


def test_service_of_plans_serves_the_same_metrics(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = PlanWorld(tmp_path / "plans", redis_url, portal)
    with PageServer(plan_app(world.services)) as server:
        text = requests.get(server.url + "metrics", timeout=10).text
    assert samples(text)["ident_up", ""] == 1
    world.close()


def test_dashboard_draws_only_what_is_told(watched: WatchedWorld) -> None:
    watched.halt()
    watched.fail(3)
    told = {name for name, _ in samples(exposition(watched.services))}
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = {
        name
        for panel in board["panels"]
        for target in panel.get("targets", ())
        for name in re.findall(r"\bident_\w+", target["expr"])
    }
    assert len(asked) >= 10
    assert asked <= told
