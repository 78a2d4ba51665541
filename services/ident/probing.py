"""Почему соединение не открылось: имя, порт, экземпляр, SQL Server Browser — по шагам и без драйвера.

Драйверы об этом молчат или путают: FreeTDS на чужое имя, оборванный разговор и отказ в TLS отвечает одним
«08001 Unable to connect to data source», ODBC 18 на имя, порт и экземпляр — «Login timeout expired»
(github.com/mkleehammer/pyodbc/issues/1319, github.com/microsoft/msphpsql/issues/1023).
"""

import socket
from contextlib import closing
from dataclasses import dataclass

from config.sql_browser import BROWSER_PORT, parse_answer

DEFAULT_PORT = 1433
#: Вопрос SQL Server Browser обо всех экземплярах этого компьютера (MC-SQLR, CLNT_UCAST_EX).
QUESTION = b"\x03"
LOCAL = {".", "(local)"}
WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """Куда ведут настройки: узел и порт или имя экземпляра."""

    host: str
    port: int | None
    instance: str | None

    @classmethod
    def of(cls, server: str, instance: str | None, port: int | None) -> "Address":
        """Разбирает адрес; имя экземпляра и порт бывают вписаны прямо в server."""
        host, comma, tail = server.removeprefix("tcp:").partition(",")
        host, _, inside = host.partition("\\")
        written = int(tail) if comma and tail.strip().isdigit() else None
        return cls("127.0.0.1" if host in LOCAL else host, port or written, instance or inside or None)


def fault(address: Address, wait: float = WAIT, browser_port: int = BROWSER_PORT) -> str:
    """Возвращает, что в сети не так и что проверить; сеть в порядке — пустая строка."""
    try:
        socket.getaddrinfo(address.host, None)
    except OSError:
        return f"имя сервера {address.host} не найдено в сети: проверьте server"
    if address.port is None and address.instance is not None:
        return _instance_fault(address, wait, browser_port)
    return _port_fault(address.host, address.port or DEFAULT_PORT, wait)


def _port_fault(host: str, port: int, wait: float) -> str:
    try:
        socket.create_connection((host, port), wait).close()
    except ConnectionRefusedError:
        return f"порт {port} сервера закрыт: проверьте port, запущен ли SQL Server и включён ли в нём TCP/IP"
    except OSError:
        return f"порт {port} сервера не отвечает: проверьте, включён ли сервер и пропускает ли его брандмауэр"
    return ""


def _instance_fault(address: Address, wait: float, browser_port: int) -> str:
    try:
        instances = _ask_browser(address.host, wait, browser_port)
    except OSError:
        return "служба SQL Server Browser не отвечает (UDP 1434): запустите её или впишите port экземпляра"
    ports = {name.casefold(): port for name, port in instances.items()}
    wanted = (address.instance or "").casefold()
    if wanted not in ports:
        return (
            f"экземпляра {address.instance} на сервере нет, есть {', '.join(instances)}: проверьте instance"
        )
    port = ports[wanted]
    if port is None:
        return f"у экземпляра {address.instance} выключен TCP/IP: включите в SQL Server Configuration Manager"
    return _port_fault(address.host, port, wait)


def _ask_browser(host: str, wait: float, browser_port: int) -> dict[str, int | None]:
    """Возвращает экземпляры сервера и их порты со слов SQL Server Browser; молчит — OSError."""
    family, _, _, _, where = socket.getaddrinfo(host, browser_port, type=socket.SOCK_DGRAM)[0]
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as asker:
        asker.settimeout(wait)
        asker.connect(where)
        asker.send(QUESTION)
        return {found.instance: found.port for found in parse_answer(asker.recv(65535))}
