"""Серверы страниц узла: несколько приложений ASGI в одном потоке с одним циклом событий."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uvicorn import Config, Server

START_SECONDS = 20.0
STOP_SECONDS = 10.0
#: Столько ждут запроса от открывшего соединение.
PATIENCE_SECONDS = 10.0
#: Запрос вкладки — сотни байтов; больше этого заголовков и адреса не бывает.
LARGEST_HEAD = 16 * 1024
#: Одновременных запросов: кураторов единицы, остальное — чужая настойчивость.
MOST_REQUESTS = 64


class ServingError(Exception):
    """Страницу не открыть; текст говорит, что исправить."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Site:
    """Приложение ASGI и где его слушать; порт 0 — любой свободный."""

    app: Any
    host: str
    port: int
    certificate: Path | None = None
    private_key: Path | None = None
    name: str = "страница"


class Servers:
    """Запущенные страницы: один поток и один цикл событий на всех.

    ``report`` получает беду страницы, которую не открыть (занят порт, негоден сертификат), и остальные
    открываются без неё; без ``report`` такая беда — ServingError.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        report: Callable[[ServingError], None] | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._sites, self._report, self._patience = sites, report, patience
        self._opened: list[tuple[Site, Server, socket.socket]] = []
        self._thread: threading.Thread | None = None

    @property
    def addresses(self) -> list[str]:
        """Возвращает адреса запущенных страниц."""
        return [address_of(site, listener) for site, _, listener in self._opened]

    def start(self) -> None:
        """Открывает порты и ждёт готовности страниц."""
        try:
            for site in self._sites:
                self._open(site)
        except BaseException:
            self._close()
            raise
        if self._opened:
            self._thread = threading.Thread(target=self._run, name="web", daemon=True)
            self._thread.start()
            self._await_start()

    def _open(self, site: Site) -> None:
        from uvicorn import Server

        try:
            self._opened.append((site, Server(configured(site, self._patience)), _listener(site)))
        except ServingError as error:
            if self._report is None:
                raise
            self._report(error)

    def stop(self) -> None:
        """Дожидается начатых ответов и закрывает порты; повторный вызов безвреден."""
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

    def _run(self) -> None:
        # Один и тот же цикл всюду: на Windows Proactor пишет в журнал трассировку на каждый обрыв связи.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[listener]) for _, server, listener in self._opened))

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(server.started for _, server, _ in self._opened):
            if self._thread is None or not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise ServingError("страницы узла не запустились: причина — выше в журнале")
            time.sleep(0.01)

    def _close(self) -> None:
        for _, _, listener in self._opened:
            listener.close()
        self._opened = []


def configured(site: Site, patience: float = PATIENCE_SECONDS) -> Config:
    """Возвращает настройки сервера; журнал запросов выключен: в адресе стоит ФИО."""
    from uvicorn import Config

    from services.web.patience import patient_for

    secure: dict[str, Any] = {"ssl_certfile": site.certificate, "ssl_keyfile": site.private_key}
    config = Config(
        HeadLimit(site.app),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=patient_for(patience),
        ws="none",
        lifespan="auto",
        limit_concurrency=MOST_REQUESTS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        **(secure if site.certificate else {}),
    )
    with _certificate_errors(site):
        config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2  # ТЗ 4.2.1
    return config


class HeadLimit:
    """Предел адреса и заголовков: пришедшее одним куском h11 пропустил бы и сверх своего предела."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Передаёт запрос приложению; слишком длинному отказывает."""
        if scope["type"] != "http" or _head_size(scope) <= LARGEST_HEAD:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 431, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})


def _head_size(scope: Any) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return len(scope["raw_path"]) + len(scope["query_string"]) + headers


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


def _listener(site: Site) -> socket.socket:
    try:
        return listen(site.host, site.port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ServingError(
            f"{site.name}: адрес {site.host}:{site.port} не открыть ({reason}); "
            "займите другой порт в настройках или остановите то, что его держит"
        ) from None


def listen(host: str, port: int) -> socket.socket:
    """Открывает порт; чужую программу с него не сгоняет и ей не уступает."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, proto)
    try:
        if sys.platform == "win32":
            # На Windows SO_REUSEADDR позволил бы другой программе перехватить порт.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def address_of(site: Site, listener: socket.socket) -> str:
    """Возвращает адрес страницы для человека."""
    scheme = "https" if site.certificate else "http"
    host = f"[{site.host.strip('[]')}]" if ":" in site.host else site.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}/"
