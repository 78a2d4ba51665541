"""Метрики: разбираются самим Prometheus, называют всё, что рисует готовая доска Grafana."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from demo.portal.server import PortalServer
from monitoring.app import monitor_app
from monitoring.metrics import exposition
from tests.support.pages import PageServer
from tests.support.watched import WatchedWorld

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "ident-bitrix24.json"
DOCUMENT = DASHBOARD.parents[2] / "docs" / "monitoring.md"


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


def told(watched: WatchedWorld) -> str:
    """Возвращает текст метрик."""
    return exposition(watched.services)[0].decode()


def test_metrics_tell_the_state(watched: WatchedWorld) -> None:
    watched.lose_base()
    watched.halt()
    watched.fail(10)
    watched.reject()
    found = samples(told(watched))
    assert found["ident_up", ""] == 1
    assert 700 < found["ident_last_success_age_seconds", "branch=F3"] < 900
    assert found["ident_database_trouble", "branch=F3"] == 1
    assert found["ident_database_trouble", "branch=F1"] == 0
    assert found["ident_outbox_entries", "branch=F2,state=waiting"] == 37
    assert found["ident_outbox_entries", "branch=F2,state=failed"] == 2
    assert found["ident_rejected_receptions", "branch=F1"] == 1
    assert found["ident_gone_receptions", "branch=F1"] == 0
    assert found["ident_receptions_total", "branch=F1,event=failed"] == 2
    assert found["ident_portal_requests_total", ""] == 41
    assert found["ident_portal_operating_seconds", "method=crm.deal.update"] == 61
    assert found["ident_halted", ""] == 1
    assert 0 < found["ident_disk_used_ratio", ""] < 1


def test_page_serves_the_metrics(watched: WatchedWorld) -> None:
    with PageServer(monitor_app(watched.services)) as server:
        answer = requests.get(server.url + "metrics", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(answer.text)["ident_paused", ""] == 0


def test_dashboard_draws_only_what_is_told(watched: WatchedWorld) -> None:
    watched.halt()
    watched.fail(3)
    labels = told_labels(watched)
    asked = [(name, label) for expr, legend in targets() for name, label in named(expr, legend)]
    assert len(asked) >= 20
    assert [(name, label) for name, label in asked if label not in labels.get(name, set())] == []


def test_every_metric_is_in_the_document_and_every_line_of_it_is_a_metric(watched: WatchedWorld) -> None:
    watched.reject()
    table = [line.split("|")[1] for line in DOCUMENT.read_text("utf-8").splitlines() if "| `ident_" in line]
    assert set(re.findall(r"`(ident_\w+)`", " ".join(table))) == set(told_labels(watched))


def targets() -> Iterator[tuple[str, str]]:
    """Возвращает запросы доски с подписями рядов."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"], target.get("legendFormat", "")


def named(expr: str, legend: str) -> Iterator[tuple[str, str]]:
    """Возвращает имена запроса, кроме слов PromQL, с каждой меткой, которую он или подпись называют."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|by \([^)]*\)", " ", expr)
    labels = re.findall(r"\{\{(\w+)\}\}", legend) + re.findall(r"(\w+)(?:=~|=)", expr)
    for name in set(re.findall(r"[a-z_]{4,}", bare)) - {"rate", "increase"}:
        yield from ((name, label) for label in ["", *labels])


def told_labels(watched: WatchedWorld) -> dict[str, set[str]]:
    """Возвращает метки каждой метрики, какой её видит Prometheus; пустая есть у всех."""
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(told(watched)):
        for sample in family.samples:
            labels.setdefault(sample.name, {""}).update(sample.labels)
    return labels
