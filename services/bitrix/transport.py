"""HTTP до портала: TLS 1.2+, без перенаправлений, адрес с кодом вебхука наружу не выходит."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from config.version import version
from services.bitrix.responses import AMBIGUITY_SECONDS, AnswerLost, PortalUnreachable
from services.domain.errors import SyncError

if TYPE_CHECKING:
    from requests import Session

    from config.models import PortalSettings

#: Облако закрывает молчащее соединение; умершее соединение превратило бы создание в неясный исход.
IDLE_SECONDS = 15.0
#: Полный пакет из пятидесяти страниц — единицы мегабайт.
CHUNK_BYTES, MOST_BYTES = 64 * 1024, 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """Ответ портала: код HTTP и разобранное тело (None — не JSON)."""

    status: int
    body: Any


class Transport(Protocol):
    """Отправка одного запроса."""

    def post(self, method: str, body: Mapping[str, object]) -> Reply:
        """Отправляет запрос; сбой связи — PortalUnreachable или AnswerLost."""

    def close(self) -> None:
        """Закрывает соединения."""


class HttpTransport:
    """Запросы через requests: у каждого потока своё соединение; ``ca_file`` — свои корневые сертификаты."""

    def __init__(
        self,
        webhook: str,
        connect_timeout: float,
        read_timeout: float,
        ca_file: Path | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._base = webhook.rstrip("/") + "/"
        self._timeouts, self._ca_file, self._lifetime = (connect_timeout, read_timeout), ca_file, idle
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Session]] = []
        self._closed = False

    def __repr__(self) -> str:
        return "HttpTransport(…)"

    def post(self, method: str, body: Mapping[str, object]) -> Reply:
        session = self._borrow()
        try:
            reply = self._post(session, method, body)
        except BaseException:
            session.close()
            raise
        self._give_back(session)
        return reply

    def close(self) -> None:
        """Закрывает свободные соединения; занятые закроются, когда освободятся."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, session in idle:
            session.close()

    def _post(self, session: "Session", method: str, body: Mapping[str, object]) -> Reply:
        import requests

        try:
            response = self._send(session, method, body)
            return Reply(response.status_code, _json(_read(response, method)))
        except requests.exceptions.RequestException as error:
            failure = _explained(method, error)
        except OSError:  # файл сертификатов исчез: requests ищет его перед каждым соединением
            failure = PortalUnreachable(_no_certificates(self._ca_file))
        # Поднимаем за пределами except: в исключении requests — адрес с кодом вебхука, и цепочке он не нужен.
        raise failure

    def _send(self, session: "Session", method: str, body: Mapping[str, object]) -> Any:
        return session.post(
            self._base + method, json=body, timeout=self._timeouts, allow_redirects=False, stream=True
        )

    def _borrow(self) -> "Session":
        deadline = time.monotonic() - self._lifetime
        with self._lock:
            while self._idle:
                since, session = self._idle.pop()
                if since >= deadline:
                    return session
                session.close()
        return new_session(self._ca_file)

    def _give_back(self, session: "Session") -> None:
        with self._lock:
            if not self._closed:
                self._idle.append((time.monotonic(), session))
                return
        session.close()


def open_transport(settings: "PortalSettings") -> HttpTransport:
    webhook = settings.webhook.get_secret_value()
    return HttpTransport(webhook, settings.connect_timeout, settings.read_timeout, settings.ca_file)


def new_session(ca_file: Path | None = None) -> "Session":
    """Возвращает сессию без прокси, без скрытых повторов и с TLS не ниже 1.2."""
    import requests

    # urllib3 пишет в журнал путь запроса, а в нём код вебхука: его записи дальше него самого не идут.
    logging.getLogger("urllib3").propagate = False
    session = requests.Session()
    session.trust_env = False  # ТЗ 11.1: портал доступен без прокси; чужие переменные не уводят данные
    session.verify = _checked(ca_file) if ca_file else True
    session.headers.update({"User-Agent": f"ident-bitrix24/{version()}", "Accept": "application/json"})
    pool: dict[str, Any] = {"pool_connections": 1, "pool_maxsize": 1, "max_retries": 0}
    for scheme in ("https://", "http://"):
        session.mount(scheme, _adapter()(**pool))
    return session


def _checked(ca_file: Path) -> str:
    """Возвращает путь файла сертификатов; нет его или сертификатов в нём — PortalUnreachable."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_file)
    except OSError:
        raise PortalUnreachable(_no_certificates(ca_file)) from None
    return str(ca_file)


def _no_certificates(ca_file: Path | None) -> str:
    return f"файл сертификатов не читается: {ca_file} (portal.ca_file)"


class TimedSocket:
    """Сокет, чей ответ целиком укладывается в срок.

    Обычный срок отсчитывается заново от каждого байта: ответ по байту в пять секунд держал бы запись
    минутами.
    Срок назначает ``settimeout``: http.client зовёт его один раз, перед чтением ответа.
    """

    def __init__(self, sock: Any, now: Callable[[], float] = time.monotonic) -> None:
        self._sock, self._now = sock, now
        self._until: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, seconds: float | None) -> None:
        """Отводит всему ответу столько секунд."""
        self._until = None if seconds is None else self._now() + seconds
        self._sock.settimeout(seconds)

    def makefile(self, *args: Any, **options: Any) -> Any:
        """Возвращает чтение сокета, которое соблюдает срок."""
        file = self._sock.makefile(*args, **options)
        file.raw._sock = self
        return file

    def recv_into(self, buffer: Any, *args: Any) -> int:
        """Читает, пока не вышел срок."""
        if self._until is not None:
            if (left := self._until - self._now()) <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
        return int(self._sock.recv_into(buffer, *args))


@cache
def _adapter() -> Any:
    """Возвращает класс соединений requests: TLS 1.2+, срок на весь ответ, точное «до отправки ли сбой»."""
    import ssl

    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import NewConnectionError
    from urllib3.util.ssl_ import create_urllib3_context

    class Connection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock = TimedSocket(self.sock)

    class SecureConnection(HTTPSConnection):
        def connect(self) -> None:
            try:
                super().connect()
            except OSError as error:  # рукопожатие, сертификат, обрыв: запрос ещё не уходил
                raise NewConnectionError(self, type(error).__name__) from None
            self.sock = TimedSocket(self.sock)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
            super().init_poolmanager(*args, **options, ssl_context=context)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

    return Adapter


def _explained(method: str, error: Exception) -> SyncError:
    """Отличает непосланное от потерянного: соединения не было — повторять безопасно."""
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError

    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, ConnectTimeoutError):  # её потомок и NewConnectionError
        return PortalUnreachable(f"{method}: нет связи с порталом{_hint(str(reason))}")
    return AnswerLost(f"{method}: связь оборвалась, ответ потерян", AMBIGUITY_SECONDS)


def _hint(reason: str) -> str:
    """Называет причины, которые человек чинит сам."""
    if "CertVerification" in reason:
        return ": сертификат портала не проходит проверку (антивирус или прокси? укажите portal.ca_file)"
    return ": не вышло защищённого соединения (нужен TLS 1.2 и новее)" if "SSL" in reason else ""


def _read(response: Any, method: str) -> bytes:
    """Читает тело ответа; слишком большое — AnswerLost: память нужнее."""
    body = bytearray()
    with response:
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > MOST_BYTES:
                raise AnswerLost(f"{method}: ответ портала слишком велик", AMBIGUITY_SECONDS)
    return bytes(body)


def _json(body: bytes) -> Any:
    """Разбирает тело; не JSON или вложенный без меры — None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
