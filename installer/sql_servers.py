"""Поиск SQL Server: служба SQL Browser в сети (то же, что sqlcmd -L) и реестр этого компьютера."""

import re
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from config.sql_browser import BROWSER_PORT, SqlServer, parse_answer
from installer.ports import CommandFailed, Run

#: Вопрос всем серверам сети (MC-SQLR, CLNT_BCAST_EX).
QUESTION = b"\x02"
WAIT_SECONDS = 3.0
REGISTRY = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL"
REGISTRY_LINE = re.compile(r"^\s+(\S+)\s+REG_SZ\s+\S+", re.MULTILINE)


def find_servers(run: Run, addresses: Iterable[tuple[str, int]] | None = None) -> Sequence[SqlServer]:
    """Возвращает серверы сети и этого компьютера; ничего не нашлось — пусто."""
    asked = addresses or (("255.255.255.255", BROWSER_PORT), ("127.0.0.1", BROWSER_PORT))
    return sorted({*ask_browsers(asked), *in_registry(run)}, key=lambda found: (found.server, found.instance))


def ask_browsers(addresses: Iterable[tuple[str, int]], wait: float = WAIT_SECONDS) -> set[SqlServer]:
    found: set[SqlServer] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for address in addresses:
            with suppress(OSError):
                asker.sendto(QUESTION, address)
        deadline = time.monotonic() + wait
        while (left := deadline - time.monotonic()) > 0:
            asker.settimeout(left)
            try:
                found.update(parse_answer(asker.recv(65535)))
            except OSError:
                break
    return found


def in_registry(run: Run) -> list[SqlServer]:
    try:
        told = run(["reg.exe", "query", REGISTRY])
    except CommandFailed:
        return []
    return [SqlServer(socket.gethostname(), name) for name in REGISTRY_LINE.findall(told)]


def drivers() -> Sequence[str]:
    """Возвращает драйверы ODBC для SQL Server, стоящие на этом компьютере."""
    import pyodbc

    return [name for name in pyodbc.drivers() if "SQL Server" in name]
