"""Осмотр сети после отказа: имя, порт, экземпляр и SQL Server Browser различаются, кем бы ни был драйвер."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from services.ident.probing import Address, fault

QUICK = 0.05
#: Ответ SQL Server Browser, как его описывает MC-SQLR: два экземпляра, у второго TCP/IP выключен.
ANSWER = (
    "ServerName;SRV;InstanceName;PZSQLSERVER;IsClustered;No;Version;10.50.1600.1;np;\\\\SRV\\pipe\\sql;tcp;{port};;"
    "ServerName;SRV;InstanceName;OLD;IsClustered;No;Version;9.00.1399.06;;"
)


@contextmanager
def listening() -> Iterator[int]:
    """Открывает порт TCP."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def closed_port() -> int:
    """Возвращает порт, который никто не слушает."""
    with listening() as port:
        return port


@contextmanager
def browser(port: int) -> Iterator[int]:
    """Отвечает за SQL Server Browser одному спросившему: экземпляр PZSQLSERVER на порту ``port``."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)

        def answer() -> None:
            question, asker = server.recvfrom(64)
            assert question == b"\x03"
            text = ANSWER.format(port=port).encode("cp1251")
            server.sendto(b"\x05" + len(text).to_bytes(2, "little") + text, asker)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize(
    ("server", "instance", "port", "address"),
    [
        ("SRV", None, None, Address("SRV", None, None)),
        ("SRV", "PZ", 1450, Address("SRV", 1450, "PZ")),
        ("SRV\\PZ", None, None, Address("SRV", None, "PZ")),
        ("tcp:10.0.0.5,1450", None, None, Address("10.0.0.5", 1450, None)),
        (".\\PZ", None, None, Address("127.0.0.1", None, "PZ")),
        ("(local)", None, None, Address("127.0.0.1", None, None)),
    ],
)
def test_an_address_is_read_however_it_is_written(
    server: str, instance: str | None, port: int | None, address: Address
) -> None:
    assert Address.of(server, instance, port) == address


def test_an_unknown_name_is_named() -> None:
    assert "имя сервера нет.invalid не найдено" in fault(Address("нет.invalid", 1433, None), QUICK)


def test_a_closed_port_is_named() -> None:
    port = closed_port()
    assert f"порт {port} сервера закрыт" in fault(Address("127.0.0.1", port, None), QUICK)


def test_an_open_port_is_no_fault_of_the_network() -> None:
    with listening() as port:
        assert fault(Address("127.0.0.1", port, "PZ"), 10) == ""


def test_a_silent_browser_is_named() -> None:
    found = fault(Address("127.0.0.1", None, "PZ"), QUICK, browser_port=closed_port())
    assert "SQL Server Browser не отвечает" in found


def test_an_absent_instance_is_named_beside_those_that_exist() -> None:
    with browser(1433) as asked:
        found = fault(Address("127.0.0.1", None, "SQLEXPRESS"), 10, asked)
    assert "экземпляра SQLEXPRESS на сервере нет, есть PZSQLSERVER, OLD" in found


def test_an_instance_without_tcp_is_named() -> None:
    with browser(1433) as asked:
        assert "у экземпляра old выключен TCP/IP" in fault(Address("127.0.0.1", None, "old"), 10, asked)


def test_the_port_of_the_instance_is_tried() -> None:
    port = closed_port()
    with browser(port) as asked:
        found = fault(Address("127.0.0.1", None, "pzsqlserver"), 10, asked)
    assert f"порт {port} сервера закрыт" in found
