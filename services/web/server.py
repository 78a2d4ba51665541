"""Серверы страниц узла: несколько приложений ASGI в одном потоке с одним циклом событий."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.web.quiet import hush
from services.web.requests import LARGEST_HEAD, RequestLimits

if TYPE_CHECKING:
    from uvicorn import Config, Server

    from services.web.connections import Connections, Limits

log = logging.getLogger("ident.web")

START_SECONDS = 20.0
STOP_SECONDS = 10.0
#: Упавшие страницы открываются снова через столько.
RESTART_SECONDS = 5.0


class ServingError(Exception):
    """Страницу не открыть; текст говорит, что исправить."""


@dataclass(frozen=True, slots=True)
class Site:
    """Страница: чем собрать её приложение ASGI и где слушать; порт 0 — любой свободный.

    ``proxies`` — адреса прокси, чьему ``X-Forwarded-For`` верить.
    """

    build: Callable[[], Any]
    host: str
    port: int
    certificate: Path | None = None
    private_key: Path | None = None
    name: str = "страница"
    proxies: tuple[str, ...] = ()


class Servers:
    """Запущенные страницы: один поток и один цикл событий на всех; упавший цикл запускается снова.

    ``report`` получает беду страницы, которую не открыть (занят порт, негоден сертификат), и остальные
    открываются без неё; без ``report`` такая беда — ServingError.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        report: Callable[[ServingError], None] | None = None,
        limits: Limits | None = None,
        pause: float = RESTART_SECONDS,
    ) -> None:
        self._sites, self._report, self._limits, self._pause = list(sites), report, limits, pause
        self._connections: Connections | None = None
        self._opened: list[tuple[Site, Server, socket.socket]] = []
        self._thread: threading.Thread | None = None
        self._started, self._stopping = threading.Event(), threading.Event()

    @property
    def addresses(self) -> list[str]:
        return [address_of(site, listener) for site, _, listener in self._opened]

    def start(self) -> None:
        hush()
        if self._sites:
            self._open_all()
        if self._opened:
            self._thread = threading.Thread(target=self._run, name="web", daemon=True)
            self._thread.start()
            self._await_start()

    def stop(self) -> None:
        """Дожидается начатых ответов и закрывает порты; повторный вызов безвреден."""
        self._stopping.set()
        for _, server, _ in self._opened:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._thread = None
        self._close()

    def __enter__(self) -> Servers:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _open_all(self) -> None:
        from services.web.connections import Connections, Limits

        trusted = {address for site in self._sites for address in site.proxies}
        self._connections = Connections(self._limits or Limits(), trusted)
        try:
            for site in self._sites:
                self._open(site, self._connections)
        except BaseException:
            self._close()
            raise
        # Открытая снова страница остаётся на своём порту.
        ports = {id(site): listener.getsockname()[1] for site, _, listener in self._opened}
        self._sites = [replace(site, port=ports.get(id(site), site.port)) for site in self._sites]

    def _open(self, site: Site, connections: Connections) -> None:

        try:
            server = _quiet(configured(site, connections))
            self._opened.append((site, server, _listener(site, connections)))
        except ServingError as error:
            if self._report is None:
                raise
            self._report(error)

    def _run(self) -> None:
        while True:
            # Один цикл всюду: на Windows Proactor пишет в журнал трассировку на каждый обрыв связи.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                try:
                    runner.run(self._serve())
                except BaseException as error:
                    log.error("pages_fell error=%s", type(error).__name__, exc_info=error)
                    with contextlib.suppress(Exception):  # цикл, который не идёт, отпускает их при закрытии
                        runner.run(self._let_go())
            if self._stopping.is_set() or not self._started.is_set():
                return
            self._reopen()

    async def _let_go(self) -> None:
        """Закрывает соединения и порты упавшего цикла, пока он ещё может идти."""
        for _, server, _ in self._opened:
            for one in getattr(server, "servers", ()):
                one.close()
        if self._connections is not None:
            self._connections.abort()
        await asyncio.sleep(0)

    def _reopen(self) -> None:
        """Открывает страницы снова; занят порт — пробует, пока не выйдет."""
        while not self._stopping.wait(self._pause):
            self._close()
            try:
                self._open_all()
            except ServingError as error:
                log.error("pages_not_reopened error=%s", error)
            else:
                log.warning("pages_reopened")
                return

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[listener]) for _, server, listener in self._opened))

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(server.started for _, server, _ in self._opened):
            if self._thread is None or not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise ServingError("страницы узла не запустились: причина — выше в журнале")
            time.sleep(0.01)
        self._started.set()

    def _close(self) -> None:
        for _, _, listener in self._opened:
            listener.close()
        if self._connections is not None:
            self._connections.close()
        self._opened = []


def _quiet(config: Config) -> Server:
    """Возвращает сервер, который просыпается впустую раз в секунду, а не десять раз, как у uvicorn."""
    from uvicorn import Server

    class Quiet(Server):
        async def main_loop(self) -> None:
            while not await self.on_tick(0):
                await asyncio.sleep(1.0)

    return Quiet(config)


def configured(site: Site, connections: Connections) -> Config:
    """Возвращает настройки сервера; журнал запросов выключен: в адресе стоит ФИО."""
    from uvicorn import Config

    from services.web.connections import protocol_for

    secure: dict[str, Any] = {"ssl_certfile": site.certificate, "ssl_keyfile": site.private_key}
    config = Config(
        RequestLimits(site.build()),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(site.proxies),
        forwarded_allow_ips=list(site.proxies),
        http=protocol_for(connections),
        ws="none",
        lifespan="auto",
        backlog=connections.limits.accepted,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        **(secure if site.certificate else {}),
    )
    with _certificate_errors(site):
        config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2  # ТЗ 4.2.1
    return config


@contextlib.contextmanager
def _certificate_errors(site: Site) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ServingError(
            f"{site.name}: нет файла сертификата или ключа — проверьте web.certificate и web.private_key"
        ) from None
    except (ssl.SSLError, OSError):
        raise ServingError(
            f"{site.name}: сертификат или ключ не читаются или не подходят друг другу (нужен PEM)"
        ) from None


def _listener(site: Site, connections: Connections) -> socket.socket:
    try:
        return listen(site.host, site.port, connections)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ServingError(
            f"{site.name}: адрес {site.host}:{site.port} не открыть ({reason}); "
            "займите другой порт в настройках или остановите то, что его держит"
        ) from None


def listen(host: str, port: int, connections: Connections) -> socket.socket:
    """Открывает порт; чужую программу с него не сгоняет и ей не уступает."""
    from services.web.connections import Listener

    family, kind, proto, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = Listener(connections, family, kind, proto)
    try:
        if sys.platform == "win32":
            # На Windows SO_REUSEADDR позволил бы другой программе перехватить порт.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(connections.limits.accepted)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def address_of(site: Site, listener: socket.socket) -> str:
    scheme = "https" if site.certificate else "http"
    host = f"[{site.host.strip('[]')}]" if ":" in site.host else site.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}/"
