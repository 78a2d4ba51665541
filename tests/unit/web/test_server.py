"""Страницы узла: порты, сертификаты, остановка и пределы на уровне соединений."""

import asyncio
import http.client
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.portal.tls import write_certificate
from services.web.connections import Limits
from services.web.requests import MOST_BY_ADDRESS
from services.web.server import Servers, ServingError, Site
from tests.support.node import eventually


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Отвечает своим путём."""
    if scope["type"] != "http":
        raise RuntimeError("этому приложению жизнь сервера безразлична")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def site(**changes: Any) -> Site:
    return Site(**{"build": lambda: hello, "host": "127.0.0.1", "port": 0, "name": "проба", **changes})


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
    with Servers([site()], limits=Limits(patience=0.3)) as servers:
        address = servers.addresses[0]
        with crowd(address, 40) as silent:
            silent[0].sendall(b"GET / HTTP/1.1\r\nhost: ")
            silent[1].sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\npart")
            assert [ended(one) for one in silent] == [True] * 40
            assert requests.get(address, timeout=5).status_code == 200


@contextmanager
def crowd(address: str, count: int, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Открывает столько молчащих соединений с этого адреса."""
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 10, (source, 0)))
            for _ in range(count)
        ]


def ended(opened: socket.socket, seconds: float = 10.0) -> bool:
    """Отвечает, закрыл ли сервер соединение за это время."""
    opened.settimeout(seconds)
    try:
        while opened.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def descriptors() -> int:
    """Возвращает, сколько файлов открыто у процесса."""
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.windows_cannot("posix")  # считает /proc/self/fd
def test_one_address_holds_no_more_places_than_its_share() -> None:
    with Servers([site()], limits=Limits(by_address=8, patience=60)) as servers:
        before = descriptors()
        with crowd(servers.addresses[0], 30) as silent:
            eventually(lambda: descriptors() - before - len(silent) <= 8)
            assert requests.get(servers.addresses[0], timeout=5).status_code == 200
            # Уступают те, кто молчит дольше: последние пришедшие ещё на месте.
            assert [ended(one, 5.0) for one in silent[:20]] == [True] * 20
            assert [ended(one, 0.05) for one in silent[-5:]] == [False] * 5


@pytest.mark.windows_cannot("posix")  # считает /proc/self/fd
def test_all_addresses_together_hold_no_more_than_the_total() -> None:
    with Servers([site()], limits=Limits(total=20, by_address=10, patience=60, accepted=4)) as servers:
        before = descriptors()
        with ExitStack() as stack:
            for number in range(2, 12):
                stack.enter_context(crowd(servers.addresses[0], 8, f"127.0.0.{number}"))
            eventually(lambda: descriptors() - before - 80 <= 20)
            assert requests.get(servers.addresses[0], timeout=5).status_code == 200


def test_the_pushiest_address_yields_first() -> None:
    with Servers([site()], limits=Limits(total=12, by_address=10, patience=60, accepted=4)) as servers:
        address = servers.addresses[0]
        with (
            crowd(address, 2, "127.0.0.9") as modest,
            crowd(address, 10, "127.0.0.8") as pushy,
            crowd(address, 4, "127.0.0.7") as late,
        ):
            assert [ended(one, 5.0) for one in pushy[:4]] == [True] * 4
            assert not any(ended(one, 0.1) for one in (*modest, *late))


def test_answering_is_not_interrupted_by_newcomers() -> None:
    begun, release = threading.Event(), threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/slow":
            begun.set()
            while not release.is_set():
                await asyncio.sleep(0.01)
        await hello(scope, receive, send)

    with Servers([site(build=lambda: slow)], limits=Limits(total=6, by_address=6, patience=60)) as servers:
        found: list[str] = []
        ask = threading.Thread(
            target=lambda: found.append(requests.get(servers.addresses[0] + "slow", timeout=20).text)
        )
        ask.start()
        assert begun.wait(10)
        with crowd(servers.addresses[0], 30):
            release.set()
            ask.join(20)
    assert found == ["/slow"]


@pytest.mark.windows_cannot("posix")  # считает /proc/self/fd
def test_handshake_of_tls_is_not_awaited_for_ever(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    secure = site(certificate=certificate, private_key=key)
    with Servers([secure], limits=Limits(patience=0.4)) as servers:
        before = descriptors()
        with crowd(servers.addresses[0], 10) as silent:
            silent[0].sendall(b"\x16\x03\x01\x02\x00\x01")  # начало ClientHello
            assert [ended(one, 5.0) for one in silent] == [True] * 10
            eventually(lambda: descriptors() - before <= 10)
        answer = requests.get(f"{servers.addresses[0]}safe", timeout=5, verify=str(certificate))
        assert answer.text == "/safe"


@pytest.mark.windows_cannot("posix")  # считает /proc/self/fd
def test_who_does_not_read_the_answer_is_dropped() -> None:
    async def huge(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/huge":
            await hello(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 2**25, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with Servers([site(build=lambda: huge)], limits=Limits(answer=0.4)) as servers:
        before = descriptors()
        with connected(servers.addresses[0]) as opened:
            opened.sendall(b"GET /huge HTTP/1.1\r\nhost: x\r\n\r\n")
            eventually(lambda: descriptors() - before == 2)
            eventually(lambda: descriptors() - before == 1)
        assert requests.get(servers.addresses[0], timeout=5).ok


def test_fallen_pages_are_opened_again_on_the_same_port(caplog: pytest.LogCaptureFixture) -> None:
    async def falling(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/fall":
            asyncio.get_running_loop().stop()
        await hello(scope, receive, send)

    with Servers([site(build=lambda: falling)], pause=0.05) as servers:
        address = servers.addresses[0]
        for _ in range(2):
            answers(f"{address}fall")
            eventually(lambda: answers(address))
        assert servers.addresses == [address]
    assert "pages_fell" in caplog.text


def answers(address: str) -> bool:
    """Отвечает ли страница."""
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.windows_cannot("posix")
def test_pages_live_when_the_process_is_out_of_files(caplog: pytest.LogCaptureFixture) -> None:
    """Файлы съел не сервер: отказ виден одной строкой в минуту, а не тысячей."""
    import resource

    with Servers([site()], limits=Limits(by_address=100)) as servers:
        assert answers(servers.addresses[0])
        kept = resource.getrlimit(resource.RLIMIT_NOFILE)
        with crowd(servers.addresses[0], 3), connected(servers.addresses[0]) as late, ExitStack() as taken:
            highest = max(map(int, os.listdir("/proc/self/fd")))
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, kept[1]))
            try:
                # Проба открыта, остальные описатели заняты: принимать соединение серверу некуда.
                probe = taken.enter_context(socket.socket())
                with suppress(OSError):
                    while True:
                        taken.enter_context(open(os.devnull))
                probe.connect_ex(late.getpeername())
                eventually(lambda: "page_refuses_connections" in caplog.text)
                time.sleep(0.5)  # повторилось бы — уже сейчас
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, kept)
        eventually(lambda: answers(servers.addresses[0]))
    assert caplog.text.count("page_refuses_connections") == 1
    assert "out of system resource" not in caplog.text


def test_garbage_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    with Servers([site()]) as servers:
        for _ in range(50):
            with connected(servers.addresses[0]) as opened:
                opened.sendall(b"\x00\x01 musor\r\n\r\n")
                assert b"400" in opened.recv(4096)
    assert sum("Invalid HTTP" in record.getMessage() for record in caplog.records) <= 1


def test_address_behind_a_trusted_proxy_is_its_own() -> None:
    seen: list[str] = []

    async def told(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.append(scope["client"][0])
        await hello(scope, receive, send)

    headers = {"X-Forwarded-For": "203.0.113.7"}
    for proxies in ((), ("127.0.0.1",)):
        with Servers([site(build=lambda: told, proxies=proxies)]) as servers:
            assert requests.get(servers.addresses[0], headers=headers, timeout=5).ok
    assert seen == ["127.0.0.1", "203.0.113.7"]


def test_one_address_takes_only_its_share_of_answers() -> None:
    release = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        while scope["type"] == "http" and scope["path"] == "/slow" and not release.is_set():
            await asyncio.sleep(0.01)
        await hello(scope, receive, send)

    with Servers([site(build=lambda: slow)]) as servers, ThreadPoolExecutor(40) as pool:
        address = servers.addresses[0] + "slow"
        asked = [pool.submit(lambda: requests.get(address, timeout=20).status_code) for _ in range(40)]
        eventually(lambda: sum(one.done() for one in asked) >= 40 - MOST_BY_ADDRESS)
        refused = [one.result() for one in asked if one.done()]
        assert set(refused) == {503}
        assert http_from("127.0.0.5", servers.addresses[0]) == 200
        release.set()
        assert [one.result() for one in asked].count(200) == MOST_BY_ADDRESS


def http_from(source: str, address: str) -> int:
    """Спрашивает с другого адреса; возвращает код ответа."""
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with closing(http.client.HTTPConnection("127.0.0.1", port, 10, source_address=(source, 0))) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status


def test_requests_are_not_journaled(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Servers([site()]) as servers:
        requests.get(servers.addresses[0] + "?fio=Лунёва", timeout=5)
    shown = "\n".join(record.getMessage() for record in caplog.records if "urllib3" not in record.name)
    assert "fio" not in shown
