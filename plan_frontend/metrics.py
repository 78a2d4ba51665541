"""Метрики Prometheus: текстом, без библиотеки; годятся и странице наблюдения, и ответам о планах."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from services.container import Services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """Метрика: имя, вид, пояснение и значения с метками."""

    name: str
    kind: str
    about: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def metrics_route(services: Services) -> Route:
    """Возвращает адрес /metrics; спрашивать может только программа этого же компьютера."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    async def metrics(request: Request) -> Response:
        if request.client is None or not ip_address(request.client.host.partition("%")[0]).is_loopback:
            return PlainTextResponse("Метрики отдаются только этому компьютеру.", 403)
        text = await run_in_threadpool(exposition, services)
        return Response(text, media_type=CONTENT_TYPE)

    return Route("/metrics", metrics)


def exposition(services: Services) -> str:
    """Возвращает метрики текстом; нет Redis — одна метрика, что его нет."""
    from services.domain.errors import StoreError

    try:
        found = [Metric("ident_up", "gauge", "Redis отвечает", [({}, 1)]), *_metrics(services)]
    except StoreError:
        found = [Metric("ident_up", "gauge", "Redis отвечает", [({}, 0)])]
    return "".join(line for metric in found for line in _lines(metric))


def _metrics(services: Services) -> Iterator[Metric]:
    signs = services.health.signs()
    yield Metric(
        "ident_last_success_age_seconds",
        "gauge",
        "Секунд с последней удачной выборки филиала",
        [
            ({"branch": b.branch_id}, (signs.now - b.last_success).total_seconds())
            for b in signs.branches
            if b.last_success is not None
        ],
    )
    branches = [({"branch": b.branch_id}, b) for b in signs.branches]
    yield Metric(
        "ident_database_trouble", "gauge", "База филиала не отвечает",
        [(label, float(bool(b.last_error))) for label, b in branches],
    )  # fmt: skip
    yield Metric(
        "ident_outbox_entries",
        "gauge",
        "Записей в очереди отправки",
        [
            ({**label, "state": state}, float(count))
            for label, b in branches
            for state, count in (("waiting", b.waiting), ("failed", b.failed))
        ],
    )
    yield Metric(
        "ident_rejected_receptions", "gauge", "Приёмов, которые надо исправить в Ident",
        [(label, float(len(services.store.links.rejections(b.branch_id)))) for label, b in branches],
    )  # fmt: skip
    yield from _work(services, [b.branch_id for b in signs.branches])
    yield from _portal(services)
    yield Metric("ident_halted", "gauge", "Отправка остановлена", [({}, float(signs.halt is not None))])
    yield Metric("ident_paused", "gauge", "Пауза", [({}, float(signs.pause is not None))])
    yield Metric("ident_disk_used_ratio", "gauge", "Доля занятого диска журналов", [({}, signs.disk_used)])


def _work(services: Services, branches: Iterable[str]) -> Iterator[Metric]:
    grand = {branch: services.store.stats.grand(branch) for branch in branches}
    about = "Событий с приёмами за всё время: created, updated, unchanged, rejected, failed, retried, read…"
    yield Metric(
        "ident_receptions_total",
        "counter",
        about,
        [
            ({"branch": branch, "event": event}, amount)
            for branch, events in grand.items()
            for event, amount in sorted(events.items())
            if event not in ("seconds", "timed")
        ],
    )
    for name, field, text in (
        ("ident_reception_seconds_total", "seconds", "Секунд на обработку записей"),
        ("ident_reception_timed_total", "timed", "Записей, чья обработка измерена"),
    ):
        yield Metric(name, "counter", text, [({"branch": b}, e.get(field, 0.0)) for b, e in grand.items()])


def _portal(services: Services) -> Iterator[Metric]:
    stats = services.store.portal_stats
    total = stats.grand()
    for name, value, about in (
        ("requests", total.requests, "Запросов к порталу"),
        ("commands", total.commands, "Команд в запросах к порталу"),
        ("refused", total.refused, "Отказов портала «слишком часто»"),
        ("limiter_wait_seconds", total.waited, "Секунд ожидания предела запросов"),
    ):
        yield Metric(f"ident_portal_{name}_total", "counter", about, [({}, float(value))])
    yield Metric(
        "ident_portal_operating_seconds",
        "gauge",
        "Секунд, потраченных методом за десять минут",
        [({"method": method}, seconds) for method, seconds in sorted(stats.operating().items())],
    )


def _lines(metric: Metric) -> Iterator[str]:
    samples = list(metric.samples)
    if not samples:
        return
    yield f"# HELP {metric.name} {metric.about}\n# TYPE {metric.name} {metric.kind}\n"
    for labels, value in samples:
        inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{inner}}} {value:g}\n" if inner else f"{metric.name} {value:g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
