"""Сервер эмулятора: ASGI-приложение и uvicorn в потоке."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.portal import board
from demo.portal.control import Control
from demo.portal.engine import Portal
from demo.portal.funnel import build_demo_portal
from demo.portal.limits import Clock
from demo.portal.options import PortalOptions
from demo.portal.rest import TRANSPORT, RestEndpoint
from demo.portal.state import PortalState
from demo.portal.stats import RequestStats
from demo.portal.tls import write_certificate

PAGE = Path(__file__).parent / "page"
SAVE_EVERY_S = 2.0
START_TIMEOUT_S = 30.0


def create_app(
    state: PortalState, options: PortalOptions | None = None, clock: Clock | None = None
) -> PortalApp:
    """Возвращает ASGI-приложение портала."""
    return PortalApp(Portal(state, options or PortalOptions(), clock))


class PortalApp:
    """Приложение: REST, управление, страница."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._rest = RestEndpoint(portal)
        routes = [
            Route("/rest/{path:path}", open_to_applications(self._rest), methods=["GET", "POST", "OPTIONS"]),
            *Control(portal).routes(),
            Route("/", _page),
            Route("/deal/{id:int}", _page),
            Route("/application", _installer),
            Route("/emulator/application", self._application),
            Route("/api/v1/", _sdk),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        self._app: ASGIApp = Starlette(routes=routes, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Запоминает соединение, чтобы поломки могли его оборвать, и передаёт запрос дальше."""
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        saving = asyncio.create_task(self._save_regularly())
        yield
        saving.cancel()
        self._rest.pool.shutdown(wait=False, cancel_futures=True)
        self._save()

    async def _save_regularly(self) -> None:
        saved = self.portal.state.revision
        while self.portal.options.persist is not None:
            await asyncio.sleep(SAVE_EVERY_S)
            if saved != self.portal.state.revision:
                saved = self.portal.state.revision
                await asyncio.to_thread(self._save)

    def _save(self) -> None:
        if self.portal.options.persist is not None:
            self.portal.state.save(self.portal.options.persist)

    async def _application(self, request: Request) -> Response:
        """Отдаёт странице установки, что за приложение установить."""
        return JSONResponse(board.application(self.portal, "install.html"))


def open_to_applications(endpoint: ASGIApp) -> ASGIApp:
    """Разрешает звать REST со страниц приложений: они живут на чужих адресах, доступ даёт токен."""
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(endpoint, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])


async def _installer(request: Request) -> Response:
    return FileResponse(PAGE / "application.html", headers={"Cache-Control": "no-cache"})


async def _sdk(request: Request) -> Response:
    return FileResponse(PAGE / "bx24.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _page(request: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


class PortalServer:
    """Портал на свободном порту петли, работающий в потоке: ``with PortalServer() as portal``.

    ``tls=True`` — по https с собственным сертификатом ``ca_file`` (нужно клиентам, не знающим http).
    """

    def __init__(
        self,
        options: PortalOptions | None = None,
        state: PortalState | None = None,
        *,
        port: int = 0,
        tls: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.options = options or PortalOptions()
        self.app = create_app(state or build_demo_portal(self.options), self.options, clock)
        self._wanted_port, self._tls = port, tls
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.ca_file: Path | None = None

    @property
    def portal(self) -> Portal:
        """Возвращает портал: состояние, поломки, счётчики, ограничения."""
        return self.app.portal

    @property
    def state(self) -> PortalState:
        """Возвращает данные портала."""
        return self.portal.state

    @property
    def stats(self) -> RequestStats:
        """Возвращает журнал запросов."""
        return self.portal.stats

    @property
    def base_url(self) -> str:
        """Возвращает адрес страницы портала."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/"

    @property
    def url(self) -> str:
        """Возвращает адрес первого вебхука."""
        key = self.options.webhooks[0]
        return f"{self.base_url}rest/{key.user_id}/{key.code}/"

    def start(self) -> PortalServer:
        """Запускает сервер и ждёт готовности."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._wanted_port))
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(self._config())
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="portal", daemon=True
        )
        self._thread.start()
        self._await_start(listener)
        return self

    def stop(self) -> None:
        """Останавливает сервер и сохраняет портал."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_TIMEOUT_S)
            self._thread = None
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _config(self) -> uvicorn.Config:
        secure: dict[str, Any] = {}
        if self._tls:
            self._folder = tempfile.TemporaryDirectory(prefix="portal-")
            self.ca_file, key = write_certificate(Path(self._folder.name))
            secure = {"ssl_certfile": str(self.ca_file), "ssl_keyfile": str(key)}
        return uvicorn.Config(
            self.app,
            log_level="warning",
            access_log=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=1,
            backlog=512,
            **secure,
        )

    def _await_start(self, listener: socket.socket) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if self._thread is None or not self._thread.is_alive() or time.monotonic() > deadline:
                listener.close()
                raise RuntimeError("эмулятор портала не запустился")
            time.sleep(0.01)
