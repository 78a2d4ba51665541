"""Охрана страницы: только этот компьютер, свои имена узла, метка против подделки, вход по паролю.

Страница слушает петлю, но браузер того же компьютера открывает и чужие сайты: их запросы отличают имя узла
(перепривязка DNS), источник запроса и метка, привязанная к куке.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
VISITOR, SESSION = "ident_visitor", "ident_session"
SESSION_SECONDS = 12 * 3600
MOST_FAILURES, LOCK_SECONDS = 5, 60.0

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # при no-referrer браузер присылает Origin: null
    "Cache-Control": "no-store",
}


class OwnComputerOnly:
    """Пропускает запросы только с этого компьютера и только под его именами; ставит заголовки защиты."""

    def __init__(self, app: ASGIApp, report: Callable[[str], None]) -> None:
        self._app, self._report = app, report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Проверяет, откуда запрос и к кому он обращён."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        if refusal := refused(scope.get("client"), headers.get("host", "")):
            self._report(refusal)
            await PlainTextResponse("Страница открывается только на этом компьютере.", 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, _with_headers(send))


def refused(client: tuple[str, int] | None, host: str) -> str:
    """Возвращает, почему запрос чужой; свой — пусто."""
    if client is None or not ip_address(client[0].partition("%")[0]).is_loopback:
        return "запрос не с этого компьютера"
    return "" if name_of(host) in OWN_NAMES else "чужое имя узла в запросе"


def name_of(host: str) -> str:
    """Возвращает имя узла без порта."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()


def same_origin(request: Request) -> bool:
    """Отвечает, отправлена ли форма с этой же страницы."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        return False
    return site in (None, "same-origin", "none")


class Tokens:
    """Метки форм и куки входа: подписаны ключом, поэтому переживают перезапуск."""

    def __init__(self, key: bytes, password: str | None, now: Callable[[], float] = time.time) -> None:
        # Смена пароля меняет ключ: прежние входы перестают действовать.
        self._key = blake2b((password or "").encode(), key=key[:64], person=b"monitor").digest()
        self._now = now

    def form(self, visitor: str) -> str:
        """Возвращает метку форм этого посетителя."""
        return self._sign(f"form:{visitor}")

    def is_form(self, visitor: str | None, token: str) -> bool:
        """Отвечает, выдана ли метка этому посетителю."""
        return visitor is not None and hmac.compare_digest(self.form(visitor).encode(), token.encode())

    def session(self) -> str:
        """Возвращает куку входа со сроком."""
        until = str(int(self._now() + SESSION_SECONDS))
        return f"{until}.{self._sign(f'session:{until}')}"

    def is_session(self, cookie: str | None) -> bool:
        """Отвечает, действует ли вход."""
        until, _, signature = (cookie or "").partition(".")
        right = hmac.compare_digest(self._sign(f"session:{until}").encode(), signature.encode())
        return right and until.isdigit() and int(until) > self._now()

    def _sign(self, text: str) -> str:
        return blake2b(text.encode(), key=self._key, digest_size=24).hexdigest()


class Door:
    """Вход по паролю: после пяти ошибок минуту не пускает никого."""

    def __init__(self, password: str | None, now: Callable[[], float] = time.monotonic) -> None:
        self._password, self._now = password, now
        self._lock, self._failures, self._closed_until = threading.Lock(), 0, 0.0

    @property
    def is_open(self) -> bool:
        """Отвечает, пускают ли без пароля."""
        return self._password is None

    def closed_for(self) -> float:
        """Возвращает, сколько секунд дверь ещё заперта."""
        with self._lock:
            return max(0.0, self._closed_until - self._now())

    def admits(self, password: str) -> bool:
        """Проверяет пароль и считает ошибки."""
        right = hmac.compare_digest((self._password or "").encode(), password.encode())
        with self._lock:
            self._failures = 0 if right else self._failures + 1
            if self._failures >= MOST_FAILURES:
                self._failures, self._closed_until = 0, self._now() + LOCK_SECONDS
        return right


def new_visitor() -> str:
    """Возвращает номер нового посетителя."""
    return secrets.token_urlsafe(18)


def put_cookie(response: Response, name: str, value: str) -> None:
    """Ставит куку, которую не видят ни чужие сайты, ни сценарии страницы."""
    response.set_cookie(name, value, httponly=True, samesite="strict", path="/")


def _with_headers(send: Send) -> Send:
    async def sending(message: object) -> None:
        if isinstance(message, dict) and message.get("type") == "http.response.start":
            given = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message.get("headers", []), *given]
        await send(message)  # type: ignore[arg-type]

    return sending
