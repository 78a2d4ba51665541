"""Служба SQL Browser: её порт и ответ — для поиска серверов установщиком и осмотра соединения."""

from dataclasses import dataclass

BROWSER_PORT = 1434
#: Первый байт ответа (MC-SQLR, SVR_RESP); за ним два байта длины.
ANSWER = 0x05
DEFAULT_INSTANCE = "MSSQLSERVER"


@dataclass(frozen=True, slots=True, order=True)
class SqlServer:
    """Найденный сервер; порт — если он его назвал."""

    server: str
    instance: str
    port: int | None = None

    @property
    def title(self) -> str:
        """Возвращает имя для человека: ``SRV\\PZSQLSERVER``."""
        return self.server if self.instance == DEFAULT_INSTANCE else f"{self.server}\\{self.instance}"


def parse_answer(datagram: bytes) -> list[SqlServer]:
    """Разбирает ответ SQL Browser: «ServerName;SRV;InstanceName;PZ;…;tcp;1433;;»; чужое — пусто."""
    if len(datagram) < 3 or datagram[0] != ANSWER:
        return []
    text = datagram[3:].decode("cp1251", errors="replace")
    return [server for part in text.split(";;") if (server := _server(part)) is not None]


def _server(text: str) -> SqlServer | None:
    words = text.strip(";").split(";")
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    if "ServerName" not in pairs or "InstanceName" not in pairs:
        return None
    port = pairs.get("tcp", "")
    return SqlServer(pairs["ServerName"], pairs["InstanceName"], int(port) if port.isdigit() else None)
