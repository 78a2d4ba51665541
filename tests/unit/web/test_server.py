"""Страницы узла: порты, сертификаты, остановка и пределы на уровне соединений."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.portal.tls import write_certificate
from services.web.server import MOST_REQUESTS, Servers, ServingError, Site
from tests.support.node import eventually


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Отвечает своим путём."""
    if scope["type"] != "http":
        raise RuntimeError("этому приложению жизнь сервера безразлична")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def site(**changes: Any) -> Site:
    return Site(**{"app": hello, "host": "127.0.0.1", "port": 0, "name": "проба", **changes})


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """Открывает соединение с сервером."""
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as opened:
        yield opened


def test_several_sites_live_in_one_thread() -> None:
    with Servers([site(), site()]) as servers:
        first, second = servers.addresses
        assert first != second
        assert requests.get(f"{first}one", timeout=5).text == "/one"
        assert requests.get(f"{second}two", timeout=5).text == "/two"


def test_stopped_site_frees_its_port_and_stops_twice_harmlessly() -> None:
    servers = Servers([site()])
    servers.start()
    port = int(servers.addresses[0].rsplit(":", 1)[1].strip("/"))
    servers.stop()
    servers.stop()
    with Servers([site(port=port)]) as again:
        assert requests.get(again.addresses[0], timeout=5).ok


def test_taken_port_is_named_and_nothing_is_left_open() -> None:
    with Servers([site()]) as taken:
        port = int(taken.addresses[0].rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ServingError, match=rf"проба: адрес 127\.0\.0\.1:{port}"):
            Servers([site(), site(port=port)]).start()
        assert requests.get(taken.addresses[0], timeout=5).ok


def test_broken_site_does_not_hold_back_the_others() -> None:
    troubles: list[str] = []
    pages = [site(certificate=Path("нет.pem"), private_key=Path("нет.key")), site()]
    with Servers(pages, lambda error: troubles.append(str(error))) as servers:
        assert requests.get(servers.addresses[0], timeout=5).ok
    assert len(troubles) == 1
    assert "web.certificate" in troubles[0]


def test_nothing_to_serve_is_no_trouble() -> None:
    with Servers([]) as servers:
        assert servers.addresses == []


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nmusor\n-----END CERTIFICATE-----\n"])
def test_unreadable_certificate_is_explained(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pem").write_bytes(content)
    (tmp_path / "c.key").write_bytes(content)
    with pytest.raises(ServingError, match="не читаются"):
        Servers([site(certificate=tmp_path / "c.pem", private_key=tmp_path / "c.key")]).start()


def test_https_is_tls_1_2_and_newer(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with Servers([site(certificate=certificate, private_key=key)]) as servers:
        address = servers.addresses[0]
        assert address.startswith("https://")
        assert requests.get(f"{address}safe", timeout=5, verify=str(certificate)).text == "/safe"
        assert handshake(address, certificate, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        assert handshake(address, certificate, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(address, certificate, ssl.TLSVersion.TLSv1_1)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def handshake(address: str, certificate: Path, version: ssl.TLSVersion) -> str | None:
    """Здоровается только по названной версии TLS."""
    import warnings

    context = ssl.create_default_context(cafile=str(certificate))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        context.minimum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with connected(address) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as secure:
        return secure.version()


def test_endless_address_and_headers_are_cut() -> None:
    with Servers([site()]) as servers:
        answer = requests.get(servers.addresses[0] + "?fio=" + "x" * 100_000, timeout=5)
        assert answer.status_code in (400, 431)
        heads = {f"x-{number}": "y" * 1000 for number in range(90)}
        assert requests.get(servers.addresses[0], headers=heads, timeout=5).status_code in (400, 431)
        assert requests.get(servers.addresses[0], timeout=5).status_code == 200


def test_huge_body_is_not_read() -> None:
    with Servers([site()]) as servers, connected(servers.addresses[0]) as opened:
        opened.sendall(b"GET /big HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n" + b"z" * 65536)
        assert b"200" in opened.recv(4096)


def test_silent_connections_free_their_places() -> None:
    with Servers([site()], patience=0.3) as servers:
        address = servers.addresses[0]
        silent = [connected(address) for _ in range(MOST_REQUESTS + 6)]
        opened = [one.__enter__() for one in silent]
        opened[0].sendall(b"GET / HTTP/1.1\r\nhost: ")
        eventually(lambda: requests.get(address, timeout=5).status_code == 200)
        assert all(one.recv(1) in (b"", b"H") for one in map(patiently, opened))
        for one in silent:
            one.__exit__(None, None, None)


def patiently(opened: socket.socket) -> Any:
    """Читает из соединения; оборванное — пустота."""

    class Reader:
        def recv(self, size: int) -> bytes:
            try:
                return opened.recv(size)
            except ConnectionError:
                return b""

    return Reader()


def test_requests_are_not_journaled(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Servers([site()]) as servers:
        requests.get(servers.addresses[0] + "?fio=Лунёва", timeout=5)
    shown = "\n".join(record.getMessage() for record in caplog.records if "urllib3" not in record.name)
    assert "fio" not in shown
