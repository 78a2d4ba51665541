"""Точка входа REST: от пришедшего запроса до ответа или обрыва."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from demo.portal.engine import Executed, Portal, commands_of, error_code
from demo.portal.errors import RestError, refusal
from demo.portal.faults import AFTER, REFUSALS, Fault, FaultKind
from demo.portal.http import RestRequest, read_request
from demo.portal.stats import RequestRecord

TRANSPORT = "emulator.transport"
JSON = "application/json"
HUGE_CHUNKS = 300
_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_CUT_PAGE = "<html><head><title>504 Gateway Time-out</title></head><body>504</body></html>"


class ConnectionDropped(Exception):
    """Соединение решено оборвать без ответа."""


@dataclass(frozen=True)
class Answer:
    """Ответ клиенту и сведения о нём для журнала."""

    response: Response
    error: str = ""
    command_errors: int = 0


class RestEndpoint:
    """ASGI-обработчик /rest/…: запросы выполняются в потоках и заканчиваются, даже если клиент ушёл."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.pool = ThreadPoolExecutor(portal.options.max_parallel, thread_name_prefix="portal")
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Отвечает на запрос REST и записывает его в журнал."""
        at, moment = self.portal.clock.monotonic(), self.portal.clock.time()
        try:
            request = await _read(Request(scope, receive))
        except ClientDisconnect:
            return
        commands = commands_of(request.method, request.params)
        try:
            answer = await self._answer(request, commands, _source(scope))
        except ConnectionDropped:
            self._log(at, moment, request, commands, None)
            await _drop(scope, receive)
            return
        self._log(at, moment, request, commands, answer)
        await answer.response(scope, receive, send)

    async def _answer(self, request: RestRequest, commands: tuple[str, ...], source: str) -> Answer:
        if not self.portal.buckets.admit(source):
            return _refused(refusal("QUERY_LIMIT_EXCEEDED"))
        if self.portal.options.latency_ms:
            await asyncio.sleep(self.portal.options.latency_ms / 1000)
        fault = self.portal.faults.for_request(commands)
        if fault and fault.kind is FaultKind.LATE:
            self._keep(asyncio.create_task(self._later(request, fault.delay_ms / 1000)))
            raise ConnectionDropped
        if fault and fault.kind not in AFTER:
            return _broken(fault)
        answer = await self._executed(request)
        return await _spoiled(fault, answer) if fault else answer

    async def _executed(self, request: RestRequest) -> Answer:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self.pool, self._execute, request)
        try:
            # shield: предел облака обрывает ожидание, а не саму работу.
            done = await asyncio.wait_for(asyncio.shield(work), self.portal.options.cut_after_s)
        except TimeoutError:
            return Answer(Response(_CUT_PAGE, 504, media_type="text/html"), "CUT")
        except RestError as refused:
            return _refused(refused)
        return Answer(JSONResponse(done.body), command_errors=done.command_errors)

    async def _later(self, request: RestRequest, seconds: float) -> None:
        """Выполняет запрос, от которого клиент уже оторван."""
        await asyncio.sleep(seconds)
        with contextlib.suppress(RestError):
            await asyncio.get_running_loop().run_in_executor(self.pool, self._execute, request)

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Держит ссылку на задачу: иначе её соберёт сборщик мусора."""
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _execute(self, request: RestRequest) -> Executed:
        return self.portal.execute(request.identity(self.portal.options), request.method, request.params)

    def _log(
        self, at: float, moment: float, request: RestRequest, commands: tuple[str, ...], answer: Answer | None
    ) -> None:
        status, error, failed = 0, "DROPPED", 0
        if answer is not None:
            status, error, failed = answer.response.status_code, answer.error, answer.command_errors
        seconds = self.portal.clock.monotonic() - at
        self.portal.stats.add(
            RequestRecord(at, moment, request.method, commands, status, error, seconds, failed)
        )


async def _read(request: Request) -> RestRequest:
    body = await request.body()
    return read_request(
        request.path_params["path"],
        request.url.query,
        request.headers.get("content-type", ""),
        body,
        request.headers.get("authorization", ""),
    )


def _source(scope: Scope) -> str:
    client: Any = scope.get("client")
    return str(client[0]) if client else "?"


def _refused(refused: RestError) -> Answer:
    return Answer(JSONResponse(refused.body(), refused.status), error_code(refused))


def _broken(fault: Fault) -> Answer:
    """Возвращает поломку, при которой команды не выполняются."""
    if fault.kind is FaultKind.RESET:
        raise ConnectionDropped
    if fault.kind is FaultKind.EMPTY_503:
        return Answer(Response(b"", 503), "EMPTY_503")
    if fault.kind is FaultKind.HTML:
        return Answer(Response(_PROXY_PAGE, 502, media_type="text/html"), "HTML")
    if fault.kind is FaultKind.REFUSAL:
        return _refused(refusal(fault.code, fault.description))
    return _refused(refusal(REFUSALS[fault.kind]))


async def _spoiled(fault: Fault, answer: Answer) -> Answer:
    """Портит ответ уже выполненных команд."""
    if fault.kind is FaultKind.DRIP:
        body = bytes(answer.response.body)
        return Answer(StreamingResponse(_dripping(body, fault.delay_ms / 1000), media_type=JSON), "DRIP")
    if fault.delay_ms or fault.kind is FaultKind.HANG:
        await asyncio.sleep((fault.delay_ms or 120_000) / 1000)
    match fault.kind:
        case FaultKind.LOST_ANSWER | FaultKind.HANG:
            raise ConnectionDropped
        case FaultKind.INTERNAL_ERROR_AFTER:
            return _refused(refusal(REFUSALS[fault.kind]))
        case FaultKind.HTML_AFTER:
            return Answer(Response(_PROXY_PAGE, 200, media_type="text/html"), "HTML")
        case FaultKind.TRUNCATED:
            half = bytes(answer.response.body)[: len(answer.response.body) // 2]
            return Answer(Response(half, 200, media_type=JSON), "TRUNCATED")
        case FaultKind.HUGE:
            return Answer(StreamingResponse(_endless(HUGE_CHUNKS), media_type=JSON), "HUGE")
        case FaultKind.NESTED:
            return Answer(Response(b"[" * 100_000 + b"]" * 100_000, 200, media_type=JSON), "NESTED")
    return answer


async def _dripping(body: bytes, pause: float) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        await asyncio.sleep(pause)
        yield body[number : number + 1]


async def _endless(chunks: int) -> AsyncIterator[bytes]:
    yield b'{"result": ["'
    for _ in range(chunks):
        yield b"x" * 1_000_000
    yield b'"]}'


async def _drop(scope: Scope, receive: Receive) -> None:
    """Обрывает соединение так, что клиент видит сброс, а не пустой ответ."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionDropped
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
