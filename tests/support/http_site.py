"""Маленький сервер HTTP для проверок связи: запоминает запросы и отвечает, как велено."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.bitrix.transport import HttpTransport
from services.domain.errors import SyncError

SECRET = "s3cr3tc0d3"

Handler = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """Сервер HTTP, который запоминает запросы и отвечает, как велено."""

    def __init__(self, answer: Handler, context: ssl.SSLContext | None, host: str) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        site = self

        class Request(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                site.connections += 1

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                site.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
                answer(self)

            def log_message(self, *args: object) -> None:
                """Молчит."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                connection, address = super().get_request()
                connection.settimeout(10)
                return (context.wrap_socket(connection, server_side=True) if context else connection), address

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Молчит: отказ клиента от соединения — часть проверки."""

        self.server = Server((host, 0), Request)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://{host}:{self.server.server_port}/rest/1/{SECRET}/"


@contextmanager
def running(
    answer: Handler, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Site]:
    """Держит сервер, пока идёт проверка."""
    site = Site(answer, context, host)
    thread = threading.Thread(target=site.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def says(status: int, body: bytes, **headers: str) -> Handler:
    """Возвращает ответ."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def open_link(url: str, read: float = 20.0, ca_file: Path | None = None, idle: float = 15.0) -> HttpTransport:
    """Строит связь."""
    return HttpTransport(url, connect_timeout=5.0, read_timeout=read, ca_file=ca_file, idle=idle)


def failure(link: HttpTransport) -> SyncError:
    """Возвращает ошибку, которой кончился запрос."""
    with pytest.raises(SyncError) as caught:
        link.post("crm.deal.add", {"fields": {"TITLE": "x"}})
    link.close()
    return caught.value
