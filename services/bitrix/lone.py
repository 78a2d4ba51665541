"""Клиент портала без Redis: для осмотра, когда общего счёта запросов нет."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from services.bitrix.client import BitrixClient
from services.bitrix.exchange import Endpoint
from services.bitrix.operating import OperatingGate
from services.bitrix.transport import open_transport
from services.domain.outbox import allow_all

if TYPE_CHECKING:
    from config.models import PortalSettings


class LoneLimiter:
    """Предел частоты одной программы."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._step, self._now = 1 / rate, now
        self._lock, self._free_at = threading.Lock(), 0.0

    def reserve(self) -> float:
        """Занимает следующий запрос и возвращает секунды до него."""
        with self._lock:
            at = max(self._free_at, self._now())
            self._free_at = at + self._step
            return at - self._now()

    def freeze(self, seconds: float) -> None:
        with self._lock:
            self._free_at = max(self._free_at, self._now() + seconds)


def open_lone_client(settings: "PortalSettings") -> BitrixClient:
    return BitrixClient(
        Endpoint(
            open_transport(settings),
            LoneLimiter(settings.requests_per_second),
            OperatingGate(settings.operating_limit),
        ),
        allow_all,
        settings.batch_size,
    )
