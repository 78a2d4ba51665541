"""HTTP до портала: TLS 1.2+, без перенаправлений, адрес с кодом вебхука наружу не выходит."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from services.bitrix.responses import AMBIGUITY_SECONDS, AnswerLost, PortalUnreachable
from services.domain.errors import SyncError

if TYPE_CHECKING:
    from requests import Session

USER_AGENT = "ident-bitrix24/0.1"
#: Облако закрывает молчащее соединение; умершее соединение превратило бы создание в неясный исход.
IDLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """Ответ портала: код HTTP и разобранное тело (None — не JSON)."""

    status: int
    body: Any


class Transport(Protocol):
    """Отправка одного запроса."""

    def post(self, method: str, body: Mapping[str, object]) -> Reply:
        """Отправляет запрос; сбой связи — PortalUnreachable или AnswerLost."""
        ...

    def close(self) -> None:
        """Закрывает соединения."""
        ...


class HttpTransport:
    """Запросы через requests: у каждого потока своё соединение."""

    def __init__(self, webhook: str, connect_timeout: float, read_timeout: float) -> None:
        self._base = webhook.rstrip("/") + "/"
        self._timeouts = (connect_timeout, read_timeout)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Session]] = []

    def __repr__(self) -> str:
        return "HttpTransport(…)"

    def post(self, method: str, body: Mapping[str, object]) -> Reply:
        """Отправляет вызов JSON-телом."""
        session = self._borrow()
        try:
            reply = self._post(session, method, body)
        except SyncError:
            session.close()
            raise
        self._give_back(session)
        return reply

    def close(self) -> None:
        """Закрывает соединения, которые сейчас не заняты."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, session in idle:
            session.close()

    def _post(self, session: "Session", method: str, body: Mapping[str, object]) -> Reply:
        import requests

        try:
            response = session.post(
                self._base + method, json=body, timeout=self._timeouts, allow_redirects=False
            )
        except requests.exceptions.ConnectTimeout:
            raise PortalUnreachable(f"{method}: нет связи с порталом") from None
        except requests.exceptions.RequestException as error:
            # from None: цепочка исключений requests содержит адрес вместе с кодом вебхука.
            raise _explained(method, error) from None
        return Reply(response.status_code, _json(response))

    def _borrow(self) -> "Session":
        deadline = time.monotonic() - IDLE_SECONDS
        with self._lock:
            while self._idle:
                since, session = self._idle.pop()
                if since >= deadline:
                    return session
                session.close()
        return new_session()

    def _give_back(self, session: "Session") -> None:
        with self._lock:
            self._idle.append((time.monotonic(), session))


def new_session() -> "Session":
    """Возвращает сессию без прокси, без скрытых повторов и с TLS не ниже 1.2."""
    import ssl

    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.ssl_ import create_urllib3_context

    class Tls12Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
            super().init_poolmanager(*args, **options, ssl_context=context)

    session = requests.Session()
    session.trust_env = False  # ТЗ 11.1: портал доступен без прокси; чужие переменные не уводят данные
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    session.mount("https://", Tls12Adapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session


def _explained(method: str, error: Exception) -> SyncError:
    """Отличает непосланное от потерянного: соединения не было — повторять безопасно.

    Сбой TLS бывает и посреди ответа: заведомо до отправки случается только отказ сертификату.
    """
    from ssl import SSLCertVerificationError

    from urllib3.exceptions import MaxRetryError, NewConnectionError

    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    untrusted = any(isinstance(part, SSLCertVerificationError) for part in getattr(reason, "args", ()))
    if isinstance(reason, NewConnectionError) or untrusted:
        return PortalUnreachable(f"{method}: нет связи с порталом")
    return AnswerLost(f"{method}: связь оборвалась, ответ потерян", AMBIGUITY_SECONDS)


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
