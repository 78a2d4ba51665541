"""Метрики Prometheus: собираются из состояния установки в миг вопроса; своих счётчиков у узла нет."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from services.domain.errors import StoreError
from services.domain.reasons import Place, place_of

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from services.container import Services
    from services.domain.signs import Signs

#: Время работы над записями: событие счётчика → имя и смысл метрики (постановление 34).
TIMES: Mapping[str, tuple[str, str]] = {
    "seconds": ("ident_reception_seconds", "Секунд работы над записями"),
    "waited": (
        "ident_reception_waited_seconds",
        "Секунд, которые взятые записи ждали предела портала и очереди к нему",
    ),
    "timed": ("ident_reception_timed", "Записей, чья обработка измерена"),
}
Samples = Iterable[tuple[Mapping[str, str], float]]


class Installation:
    """Сборщик метрик установки; нет Redis — одна метрика, что его нет."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Возвращает семейства метрик; пустых среди них нет."""
        try:
            found = [*self._found()]
        except StoreError:
            found = []
        yield gauge("ident_up", "Redis отвечает", [({}, bool(found))])
        yield from (family for family in found if family.samples)

    def _found(self) -> Iterator[Metric]:
        signs = self._services.health.signs()
        yield from self._branches(signs)
        yield from self._work([branch.branch_id for branch in signs.branches])
        yield from self._portal()
        yield gauge("ident_halted", "Отправка остановлена", [({}, signs.halt is not None)])
        yield gauge("ident_paused", "Пауза", [({}, signs.pause is not None)])
        yield gauge("ident_disk_used_ratio", "Доля занятого диска журналов", [({}, signs.disk_used)])

    def _branches(self, signs: Signs) -> Iterator[Metric]:
        branches = [({"branch": branch.branch_id}, branch) for branch in signs.branches]
        yield gauge(
            "ident_last_success_age_seconds",
            "Секунд с последней удачной выборки филиала",
            [
                (label, (signs.now - b.last_success).total_seconds())
                for label, b in branches
                if b.last_success
            ],
        )
        troubles = [(label, bool(b.last_error)) for label, b in branches]
        yield gauge("ident_database_trouble", "База филиала не отвечает", troubles)
        entries = [
            ({**label, "state": state}, getattr(b, state))
            for label, b in branches
            for state in ("waiting", "failed")
        ]
        yield gauge("ident_outbox_entries", "Записей в очереди отправки", entries)
        rejections = self._services.store.links.rejections
        places = [
            (label, Counter(place_of(one.reason) for one in rejections(b.branch_id))) for label, b in branches
        ]
        for name, about, place in (
            ("ident_rejected_receptions", "Приёмов, которые надо исправить в Ident", Place.IDENT),
            ("ident_gone_receptions", "Приёмов, пропавших из Ident после доставки", Place.GONE),
        ):
            yield gauge(name, about, [(label, found[place]) for label, found in places])

    def _work(self, branches: Iterable[str]) -> Iterator[Metric]:
        grand = [({"branch": branch}, self._services.store.stats.grand(branch)) for branch in branches]
        yield counter(
            "ident_receptions",
            "Событий с приёмами за всё время: created, updated, unchanged, rejected, failed, retried, read…",
            [
                ({**label, "event": event}, amount)
                for label, events in grand
                for event, amount in sorted(events.items())
                if event not in TIMES
            ],
        )
        for event, (name, about) in TIMES.items():
            yield counter(name, about, [(label, events.get(event, 0.0)) for label, events in grand])

    def _portal(self) -> Iterator[Metric]:
        stats = self._services.store.portal_stats
        total = stats.grand()
        for name, about, amount in (
            ("ident_portal_requests", "Запросов к порталу", total.requests),
            ("ident_portal_commands", "Команд в запросах к порталу", total.commands),
            ("ident_portal_refused", "Отказов портала «слишком часто»", total.refused),
            ("ident_portal_limiter_wait_seconds", "Секунд ожидания предела запросов", total.waited),
        ):
            yield counter(name, about, [({}, amount)])
        yield gauge(
            "ident_portal_operating_seconds",
            "Секунд, потраченных методом за десять минут",
            [({"method": method}, seconds) for method, seconds in sorted(stats.operating().items())],
        )


def gauge(name: str, about: str, samples: Samples) -> Metric:
    return _family(name, about, "gauge", samples)


def counter(name: str, about: str, samples: Samples) -> Metric:
    """Возвращает счётчик; имя — без ``_total``."""
    return _family(name, about, "counter", samples)


def _family(name: str, about: str, kind: str, samples: Samples) -> Metric:
    from prometheus_client.core import Metric

    family = Metric(name, about, kind)
    for labels, value in samples:
        family.add_sample(f"{name}_total" if kind == "counter" else name, dict(labels), float(value))
    return family


def exposition(services: Services) -> tuple[bytes, str]:
    """Возвращает метрики и вид их текста.

    Библиотека грузится с первым вопросом: узел, за которым Prometheus не следит, её не носит. Реестр свой:
    в общем лежали бы метрики самой библиотеки.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Installation(services))
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4
