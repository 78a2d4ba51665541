"""Один запрос к порталу: группы вызовов туда, ответ каждому вызову обратно."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.bitrix.batching import BatchSize, Group
from services.bitrix.calls import Answer, Call
from services.bitrix.limiter import RateLimiter
from services.bitrix.operating import OperatingGate
from services.bitrix.packing import PageFull, Slot, lay_out
from services.bitrix.responses import (
    AmbiguousAnswer,
    OperationTimeLimit,
    QueryLimitExceeded,
    as_map,
    command_error,
    error_for,
    unclear,
)
from services.bitrix.transport import Reply, Transport
from services.domain.errors import GripLost, SyncError
from services.ports import PortalTraffic

REFUSAL_PAUSE = 2.0


def awake() -> float:
    """Возвращает часы, которые идут и во сне компьютера (на Linux монотонные стоят)."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Портал, каким его видит клиент: связь, предел запросов, время методов, секунды между запросами."""

    transport: Transport
    limiter: RateLimiter
    operating: OperatingGate
    interval: float = 0.5


@dataclass(frozen=True, slots=True)
class Load:
    """Сколько команд несёт запрос и сколько из них пишут."""

    commands: int
    writes: int


class Exchange:
    """Запросы к порталу; размер пакета подбирается по времени ответов."""

    def __init__(
        self, endpoint: Endpoint, most: int, now: Callable[[], float], permit_seconds: float
    ) -> None:
        self._transport, self._limiter = endpoint.transport, endpoint.limiter
        self._operating, self._now, self._permit_seconds = endpoint.operating, now, permit_seconds
        self.size, self.traffic = BatchSize(most, endpoint.interval), PortalTraffic()

    def send(self, groups: Sequence[Group], permitted_at: float | None) -> list[list[Answer] | None]:
        """Выполняет группы одним запросом; None вместо ответов — склеенное надо спросить отдельно.

        ``permitted_at`` — когда сторожа спросили о записях этого запроса: аренда продлена не раньше.
        """
        if len(groups) == 1 and len(groups[0].calls) == 1:
            return [[self._plain(groups[0].calls[0], permitted_at)]]
        return self._batch(groups, permitted_at)

    def _plain(self, call: Call, permitted_at: float | None) -> Answer:
        """Выполняет вызов обычным запросом; временные отказы поднимает, отказ вызову возвращает."""
        reply = self._post(call.method, dict(call.params), Load(1, int(not call.reads)), permitted_at)
        error = error_for(reply.status, reply.body, call.method)
        if error is None:
            self._operating.note(call.method, as_map(reply.body.get("time")))
            if call.fits(reply.body["result"]):
                return Answer(reply.body["result"])
            raise unclear(call.method)
        if isinstance(error, (AmbiguousAnswer, QueryLimitExceeded)):
            raise self._slowed_down(error)
        return Answer(error=self._timed(error, call.method))

    def _batch(self, groups: Sequence[Group], permitted_at: float | None) -> list[list[Answer] | None]:
        layout = lay_out(groups)
        body = {"halt": 0, "cmd": layout.commands}
        writes = sum(not call.reads for group in groups for call in group.calls)
        reply = self._post("batch", body, Load(len(layout.commands), writes), permitted_at)
        error = error_for(reply.status, reply.body, "batch")
        if error is not None:
            raise self._slowed_down(error)
        result = as_map(reply.body["result"])
        return [
            self._answers(result, slots, group) for slots, group in zip(layout.slots, groups, strict=True)
        ]

    def _answers(self, result: Mapping[str, Any], slots: Sequence[Slot], group: Group) -> list[Answer] | None:
        """Достаёт ответы группы; читающую, чей общий поиск был обрезан, спросят отдельно."""
        answers = []
        for slot, call in zip(slots, group.calls, strict=True):
            try:
                answers.append(slot.share(self._answer(result, slot.key, call)))
            except PageFull:
                if not group.writes:
                    return None
                answers.append(Answer(error=unclear(call.method)))
        return answers

    def _answer(self, result: Mapping[str, Any], key: str, call: Call) -> Answer:
        """Достаёт ответ команды из пакета: значение, свою ошибку или пропажу."""
        self._operating.note(call.method, as_map(as_map(result.get("result_time")).get(key)))
        failures, values = as_map(result.get("result_error")), as_map(result.get("result"))
        if key in failures:
            return Answer(error=self._timed(command_error(failures[key], call.method), call.method))
        if key in values and call.fits(values[key]):
            return Answer(values[key])
        return Answer(error=unclear(call.method))

    def _timed(self, error: SyncError, method: str) -> SyncError:
        if isinstance(error, OperationTimeLimit):
            return OperationTimeLimit(error.message, self._operating.refused(method))
        return error

    def _slowed_down(self, error: SyncError) -> SyncError:
        """Отодвигает все запросы, если портал просит слать реже."""
        if isinstance(error, QueryLimitExceeded):
            self.traffic.refused += 1
            self._limiter.freeze(REFUSAL_PAUSE)
        return error

    def _post(self, method: str, body: Mapping[str, object], load: Load, permitted_at: float | None) -> Reply:
        started = self._now()
        if permitted_at is not None and started - permitted_at > self._permit_seconds:
            raise GripLost("запись уже чужая: процесс спал перед отправкой")
        self.traffic.requests += 1
        self.traffic.commands += load.commands
        try:
            return self._transport.post(method, body)
        finally:
            # Время пакета — время его записей: поиски рядом с ними мгновенны.
            self.size.took(load.writes or load.commands, self._now() - started, not load.writes)
