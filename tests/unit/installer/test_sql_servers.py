"""Поиск SQL Server: ответы службы SQL Browser и реестр."""

import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from config.sql_browser import SqlServer, parse_answer
from installer.ports import CommandFailed
from installer.sql_servers import QUESTION, ask_browsers, find_servers, in_registry

TEXT = (
    "ServerName;SRV-IDENT;InstanceName;PZSQLSERVER;IsClustered;No;Version;11.0.2100.60;tcp;49221;;"
    "ServerName;SRV-IDENT;InstanceName;MSSQLSERVER;IsClustered;No;Version;13.0.1601.5;tcp;1433;np;\\\\SRV\\pipe;;"
)
ANSWER = b"\x05" + len(TEXT).to_bytes(2, "little") + TEXT.encode("cp1251")
REGISTRY = """
HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Microsoft SQL Server\\Instance Names\\SQL
    PZSQLSERVER    REG_SZ    MSSQL11.PZSQLSERVER
"""


@pytest.fixture
def browser() -> Iterator[tuple[str, int]]:
    """Настоящая служба SQL Browser на этом компьютере: отвечает на вопрос по UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            question, asker = server.recvfrom(16)
            server.sendto(ANSWER if question == QUESTION else b"", asker)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()
        thread.join(5)


def test_browser_names_instances_and_ports(browser: tuple[str, int]) -> None:
    assert ask_browsers([browser], wait=0.5) == {
        SqlServer("SRV-IDENT", "PZSQLSERVER", 49221),
        SqlServer("SRV-IDENT", "MSSQLSERVER", 1433),
    }


@pytest.mark.parametrize(
    "datagram", [b"", b"\x05", b"\x04\x00\x00ServerName;A;InstanceName;B;;", b"\x05\x00\x00ServerName;A"]
)
def test_strange_answer_is_nobody(datagram: bytes) -> None:
    assert parse_answer(datagram) == []


def test_default_instance_is_shown_by_the_name_of_the_server() -> None:
    assert SqlServer("SRV", "MSSQLSERVER").title == "SRV"
    assert SqlServer("SRV", "PZ").title == "SRV\\PZ"


def test_registry_names_instances_of_this_computer() -> None:
    assert [found.instance for found in in_registry(lambda _: REGISTRY)] == ["PZSQLSERVER"]


def test_without_registry_and_browser_nothing_is_found() -> None:
    def absent(command: Sequence[str]) -> str:
        raise CommandFailed(command, 1, "")

    assert find_servers(absent, addresses=[("127.0.0.1", 9)]) == []
