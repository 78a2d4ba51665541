"""Портал целиком: права, ограничения, поломки и выполнение команд."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from demo.portal.batch import method_of, run_batch, split_commands
from demo.portal.call import Call, Identity, Reply
from demo.portal.entities import Crm
from demo.portal.errors import RestError, refusal
from demo.portal.faults import Faults
from demo.portal.limits import Clock, LeakyBuckets, OperatingMeter, SystemClock
from demo.portal.methods import METHODS, is_write, scopes_of
from demo.portal.options import PortalOptions
from demo.portal.state import PortalState, Row
from demo.portal.stats import RequestStats
from demo.portal.values import ValueCodec


@dataclass(frozen=True)
class Executed:
    """Тело успешного ответа и число отказавших команд внутри него."""

    body: Row
    command_errors: int = 0


class Portal:
    """Портал: состояние, настройки и всё, что решает судьбу запроса."""

    def __init__(self, state: PortalState, options: PortalOptions, clock: Clock | None = None) -> None:
        self.state, self.options = state, options
        self.clock: Clock = clock or SystemClock()
        self.codec = ValueCodec(options.utc_offset_hours)
        self.crm = Crm(state, self.codec, self.clock, options.simple_crm)
        self.buckets = LeakyBuckets(options.rate, options.threshold, self.clock, options.count_refused)
        self.operating = OperatingMeter(options.operating_limit, self.clock)
        self.faults, self.stats = Faults(), RequestStats()

    def execute(self, identity: Identity, method: str, params: dict[str, Any]) -> Executed:
        """Выполняет запрос: одиночный метод или batch."""
        started = self.clock.time()
        if method == "batch":
            result = run_batch(params, lambda name, query: self._run(identity, name, query))
            body = {"result": result, "time": self._timing(started)}
            return Executed(body, len(result["result_error"]))
        reply, spent = self._run(identity, method, params)
        return Executed({**reply.body(), "time": spent})

    def _run(self, identity: Identity, method: str, params: dict[str, Any]) -> tuple[Reply, Row]:
        started, since = self.clock.time(), self.clock.monotonic()
        self._check(identity, method)
        try:
            reply = self._answer(Call(self.crm, self.options, identity, params), method)
        finally:
            seconds = (self.clock.monotonic() - since) * self.options.operating_factor
            spent = self.operating.add(identity.key, method, seconds)
        timing = {"operating_reset_at": spent.reset_at, "operating": spent.seconds}
        return reply, self._timing(started) | timing

    def _check(self, identity: Identity, method: str) -> None:
        if method not in METHODS:
            raise refusal("ERROR_METHOD_NOT_FOUND")
        needed = scopes_of(method)
        if needed and not set(needed) & set(identity.scopes):
            raise refusal("insufficient_scope")
        if not self.operating.allows(identity.key, method):
            raise refusal("OPERATION_TIME_LIMIT")
        if fault := self.faults.for_command(method):
            raise refusal(fault.code, fault.description)

    def _answer(self, call: Call, method: str) -> Reply:
        writes = is_write(method)
        # Спим вне замка: на портале команды разных запросов идут одновременно.
        pause = self.options.write_ms if writes else self.options.read_ms
        if pause:
            time.sleep(pause / 1000)
        with self.state.changing() if writes else self.state.lock:
            answer = METHODS[method](call)
        if fault := self.faults.for_result(method):
            return Reply(fault.value)
        return answer if isinstance(answer, Reply) else Reply(answer)

    def _timing(self, started: float) -> Row:
        finished = self.clock.time()
        return {
            "start": started,
            "finish": finished,
            "duration": finished - started,
            "processing": finished - started,
            "date_start": self.codec.shown(started),
            "date_finish": self.codec.shown(finished),
        }


def commands_of(method: str, params: dict[str, Any]) -> tuple[str, ...]:
    """Возвращает имена методов запроса: у batch — всех команд."""
    if method != "batch":
        return (method,)
    return tuple(method_of(command) for command in split_commands(params).values())


def error_code(refused: RestError | None) -> str:
    """Возвращает код отказа для журнала; пустой старый код виден прочерком."""
    return "" if refused is None else refused.code or "-"
