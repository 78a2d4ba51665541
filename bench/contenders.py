"""Участники замера скорости: интеграция с настоящими Celery и Redis и точки отсчёта."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.work import Visit
from demo.portal.server import PortalServer


class Client(Protocol):
    """Участник замера."""

    name: str

    def create(self, visits: Sequence[Visit]) -> None:
        """Переносит новые приёмы."""
        ...

    def update(self, visits: Sequence[Visit]) -> None:
        """Переносит изменения."""
        ...


OURS = "интеграция"


@contextmanager
def ours(portal: PortalServer, folder: Path, redis_delay: float = 0.0) -> Iterator[Client]:
    """Поднимает интеграцию: Redis за столькими секундами пути, исполнителя и базу."""
    from urllib.parse import urlsplit

    from bench.campaign.wire import Proxy
    from bench.integration import Integration
    from demo.broker import broker

    rate: dict[str, object] = {"requests_per_second": portal.options.rate}
    with broker(folder / "redis") as redis, Proxy(urlsplit(redis.url).port or 0, redis_delay) as wire:
        url = redis.url.replace(f":{urlsplit(redis.url).port}", f":{wire.port}") if redis_delay else redis.url
        with Integration(folder, url, portal, portal=rate) as integration:
            yield integration


@contextmanager
def plain(portal: PortalServer, folder: Path) -> Iterator[Client]:
    """Requests по одному."""
    from bench.baselines.plain_requests import PlainRequests

    yield PlainRequests(portal.url, 1 / portal.options.rate)


@contextmanager
def sdk_calls(portal: PortalServer, folder: Path) -> Iterator[Client]:
    """Официальный SDK по одному вызову; он знает только https."""
    from bench.baselines.b24pysdk_batches import B24PySdkCalls

    with _trusting(portal):
        yield B24PySdkCalls(portal.url, 1 / portal.options.rate)


@contextmanager
def sdk_batches(portal: PortalServer, folder: Path) -> Iterator[Client]:
    """Официальный SDK пакетами."""
    from bench.baselines.b24pysdk_batches import B24PySdkBatches

    with _trusting(portal):
        yield B24PySdkBatches(portal.url, 1 / portal.options.rate)


@contextmanager
def fast(portal: PortalServer, folder: Path) -> Iterator[Client]:
    """fast_bitrix24."""
    from bench.baselines.fast_bitrix import FastBitrix

    yield FastBitrix(portal.url)


@dataclass(frozen=True, slots=True)
class Contender:
    """Участник: имя, как поднять, до какого N его ждать в обычном замере и нужен ли ему https."""

    name: str
    start: Callable[[PortalServer, Path], AbstractContextManager[Client]]
    most: int = 10_000
    tls: bool = False


CONTENDERS: Sequence[Contender] = (
    Contender(OURS, ours),
    Contender("b24pysdk, пакеты", sdk_batches, most=200, tls=True),
    Contender("fast_bitrix24", fast),
    Contender("b24pysdk по одному", sdk_calls, most=10, tls=True),
    Contender("requests по одному", plain, most=10),
)


#: Долгие прогоны: участник и N. Идут отдельно (``--slow``): процессора им почти не нужно, а минут — много.
SLOW: Sequence[tuple[str, int]] = (
    ("requests по одному", 50),
    ("b24pysdk по одному", 50),
    ("b24pysdk, пакеты", 1000),
)


def named(name: str) -> Contender:
    """Возвращает участника по имени."""
    return next(item for item in CONTENDERS if item.name == name)


def chosen(only: Sequence[str], size: int) -> list[Contender]:
    """Возвращает названных участников, а без имён — тех, кого при таком N стоит ждать."""
    if only:
        return [item for item in CONTENDERS if item.name.startswith(tuple(only))]
    return [item for item in CONTENDERS if size <= item.most]


@contextmanager
def _trusting(portal: PortalServer) -> Iterator[None]:
    """Учит requests доверять сертификату эмулятора."""
    os.environ["REQUESTS_CA_BUNDLE"] = str(portal.ca_file)
    try:
        yield
    finally:
        del os.environ["REQUESTS_CA_BUNDLE"]
