"""Что показывает этот узел: по строке на страницу."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from services.web.server import Site

if TYPE_CHECKING:
    from services.container import Services


def plan_answers(services: "Services") -> Iterator[Site]:
    """Ответы вкладке «План лечения»; без раздела application спрашивать некому."""
    web = services.settings.web
    if services.settings.application is None:
        return
    from plan_frontend.plan_api.app import plan_app

    yield Site(
        lambda: plan_app(services),
        web.host,
        web.port,
        web.certificate,
        web.private_key,
        "ответы о планах лечения",
        tuple(map(str, web.proxies)),
    )


def monitor_page(services: "Services") -> Iterator[Site]:
    """Страница наблюдения; слышна только этому компьютеру (ТЗ 4.4.4)."""
    monitor = services.settings.monitor
    if not monitor.enabled:
        return
    from config.loader import settings_file
    from monitoring.app import monitor_app

    yield Site(
        lambda: monitor_app(services, settings_file()), "127.0.0.1", monitor.port, name="страница наблюдения"
    )


#: Страницы узла.
PAGES: Sequence[Callable[["Services"], Iterator[Site]]] = (plan_answers, monitor_page)


def sites(services: "Services") -> list[Site]:
    if not services.settings.web.enabled:
        return []
    return [site for page in PAGES for site in page(services)]
