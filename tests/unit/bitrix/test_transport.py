"""Связь с порталом: запрос, перенаправления, прокси, сроки, чужие ответы, судьба потерянного запроса."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from config.version import version
from demo.broker import free_port
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from services.bitrix.responses import AnswerLost, PortalUnreachable
from services.bitrix.transport import TimedSocket
from tests.support.http_site import SECRET, failure, open_link, running, says

GENEROUS = PortalOptions(rate=1000, threshold=1000)

# --- Запрос --------------------------------------------------------------------------------------


def test_call_is_a_json_post_to_the_method_of_the_webhook() -> None:
    with running(says(200, b'{"result": 5}')) as site:
        link = open_link(site.url)
        reply = link.post("crm.deal.add", {"fields": {"TITLE": "Лунёва"}})
        link.close()
    ((path, headers, body),) = site.seen
    assert (reply.status, reply.body) == (200, {"result": 5})
    assert path == f"/rest/1/{SECRET}/crm.deal.add"
    assert headers["Content-Type"] == "application/json"
    assert (headers["User-Agent"], headers["Accept"]) == (f"ident-bitrix24/{version()}", "application/json")
    assert b"\\u041b" in body


@pytest.mark.parametrize(
    "body",
    [
        b"<html>502</html>",
        b"",
        b'{"result": {"a"',
        b"\xff\xfe\x00",
        # Имя проверки уходит в переменную окружения, а у Windows её длина ограничена.
        pytest.param(b"[" * 200_000, id="deep-open"),
        pytest.param(b"[" * 200_000 + b"]" * 200_000, id="deep-closed"),
    ],
)
def test_foreign_body_is_no_crash(body: bytes) -> None:
    with running(says(502, body)) as site:
        link = open_link(site.url)
        assert link.post("profile", {}).body is None
        link.close()


def test_connection_is_used_again() -> None:
    with running(says(200, b'{"result": 1}')) as site:
        link = open_link(site.url)
        for _ in range(5):
            link.post("profile", {})
        link.close()
    assert (site.connections, len(site.seen)) == (1, 5)


def test_connection_that_was_silent_too_long_is_not_trusted() -> None:
    with running(says(200, b'{"result": 1}')) as site:
        link = open_link(site.url, idle=-1.0)
        for _ in range(3):
            link.post("profile", {})
        link.close()
    assert (site.connections, len(site.seen)) == (3, 3)


def test_simultaneous_calls_have_their_own_connections() -> None:
    both = threading.Barrier(2, timeout=20)

    def wait(request: BaseHTTPRequestHandler) -> None:
        both.wait()
        says(200, b'{"result": 1}')(request)

    with running(wait) as site:
        link = open_link(site.url)
        threads = [threading.Thread(target=link.post, args=("profile", {})) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        link.close()
    assert site.connections == 2


def test_closing_during_a_call_leaves_no_connection_behind() -> None:
    with running(says(200, b'{"result": 1}')) as site:
        link = open_link(site.url)

        def close(request: BaseHTTPRequestHandler) -> None:
            link.close()
            says(200, b'{"result": 2}')(request)

        with running(close) as other:
            link._base = other.url
            assert link.post("profile", {}).body == {"result": 2}
        assert link._idle == []
        assert site.seen == []


# --- Куда запрос не пойдёт -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(status: int) -> None:
    with running(says(200, b'{"result": 13}')) as stranger:
        answer = says(status, b"", Location=stranger.url)
        with running(answer) as site:
            link = open_link(site.url)
            assert link.post("profile", {}).status == status
            link.close()
    assert stranger.seen == []


def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(says(200, b'{"result": 13}')) as proxy, running(says(200, b'{"result": 1}')) as site:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        link = open_link(site.url)
        assert link.post("profile", {}).body == {"result": 1}
        link.close()
    assert proxy.seen == []


def test_password_from_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with running(says(200, b'{"result": 1}')) as site:
        link = open_link(site.url)
        link.post("profile", {})
        link.close()
    assert "Authorization" not in site.seen[0][1]


# --- Что случилось с запросом --------------------------------------------------------------------


def test_nobody_listens_means_certainly_not_executed() -> None:
    error = failure(open_link(f"http://127.0.0.1:{free_port()}/rest/1/{SECRET}/"))
    assert isinstance(error, PortalUnreachable)
    assert error.retry_after is None


def test_unknown_host_means_certainly_not_executed() -> None:
    assert isinstance(failure(open_link(f"https://portal.invalid/rest/1/{SECRET}/")), PortalUnreachable)


def test_connection_cut_during_the_handshake_means_certainly_not_executed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        cutter = threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True)
        cutter.start()
        error = failure(open_link(f"https://127.0.0.1:{port}/rest/1/{SECRET}/"))
        cutter.join()
    assert isinstance(error, PortalUnreachable)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.RESET])
def test_cut_after_the_request_means_it_may_have_been_executed(kind: FaultKind, tls: bool) -> None:
    with PortalServer(GENEROUS, tls=tls) as portal:
        portal.portal.faults.add(Fault(kind))
        error = failure(open_link(portal.url, ca_file=portal.ca_file))
    assert isinstance(error, AnswerLost)
    assert error.retry_after is not None
    assert error.retry_after > 60


def test_silent_portal_is_waited_for_as_long_as_it_was_said() -> None:
    leave = threading.Event()

    def silence(request: BaseHTTPRequestHandler) -> None:
        leave.wait(20)

    with running(silence) as site:
        error = failure(open_link(site.url, read=0.2))
        leave.set()
    assert isinstance(error, AnswerLost)


def test_broken_connection_is_not_used_again() -> None:
    with PortalServer(GENEROUS) as portal:
        link = open_link(portal.url)
        portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER))
        with pytest.raises(AnswerLost):
            link.post("profile", {})
        assert link.post("profile", {}).status == 200
        link.close()


# --- Ответ без меры --------------------------------------------------------------------------------


def endless(piece: bytes, pause: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Возвращает ответ, который не кончается: кусок за куском."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(10**12))
        request.end_headers()
        with suppress(OSError):
            while True:
                request.wfile.write(piece)
                request.wfile.flush()
                time.sleep(pause)

    return answer


def test_dripping_answer_is_waited_for_no_longer_than_a_silent_one() -> None:
    # По байту в 20 мс: срок «на каждый байт» не вышел бы никогда.
    with running(endless(b" ", 0.02)) as site:
        error = failure(open_link(site.url, read=0.3))
    assert isinstance(error, AnswerLost)


def test_dripping_headers_are_waited_for_no_longer() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            while True:
                request.wfile.write(b"H")
                request.wfile.flush()
                time.sleep(0.02)

    with running(answer) as site:
        error = failure(open_link(site.url, read=0.3))
    assert isinstance(error, AnswerLost)


def test_answer_of_hundreds_of_megabytes_is_not_taken_into_memory() -> None:
    with running(endless(b"x" * 1_000_000, 0.0)) as site:
        error = failure(open_link(site.url))
    assert isinstance(error, AnswerLost)
    assert "велик" in str(error)


class Scripted:
    """Сокет, который отдаёт по байту и переводит часы на секунду за каждый."""

    def __init__(self) -> None:
        self.time, self.timeouts = 0.0, list[float | None]()

    def settimeout(self, seconds: float | None) -> None:
        """Запоминает срок."""
        self.timeouts.append(seconds)

    def recv_into(self, buffer: bytearray) -> int:
        """Отдаёт байт через секунду."""
        self.time += 1
        return 1


def test_each_byte_shortens_what_is_left_for_the_rest() -> None:
    raw = Scripted()
    sock = TimedSocket(raw, now=lambda: raw.time)
    sock.settimeout(3.0)
    assert [sock.recv_into(bytearray(1)) for _ in range(3)] == [1, 1, 1]
    assert raw.timeouts == [3.0, 3.0, 2.0, 1.0]
    with pytest.raises(TimeoutError):
        sock.recv_into(bytearray(1))


def test_socket_without_a_term_waits_as_long_as_it_takes() -> None:
    raw = Scripted()
    sock = TimedSocket(raw, now=lambda: raw.time)
    sock.settimeout(None)
    assert [sock.recv_into(bytearray(1)) for _ in range(9)] == [1] * 9
