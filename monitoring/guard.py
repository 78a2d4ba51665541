"""Охрана страницы: только этот компьютер, свои имена узла, метка против подделки, вход по паролю.

Страница слушает петлю, но браузер того же компьютера открывает и чужие сайты: их запросы отличают имя узла
(перепривязка DNS), источник запроса и метка, привязанная к куке.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from base64 import b64decode
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from hashlib import blake2b
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

#: Заголовки, которые добавляет прокси: он на этом компьютере, а спрашивающий — нет.
FORWARDED = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
VISITOR, SESSION, DEVICE = "ident_visitor", "ident_session", "ident_device"
SESSION_SECONDS = 12 * 3600
MOST_FAILURES, LOCK_SECONDS, MOST_DEVICES = 5, 60.0, 1000
DEVICE_SECONDS = 365 * 24 * 3600

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

    def __init__(self, app: ASGIApp, report: Callable[[str, str], None]) -> None:
        self._app, self._report = app, report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Проверяет, откуда запрос и к кому он обращён."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        if refusal := refused(scope.get("client"), headers):
            self._report((scope.get("client") or ("?",))[0], refusal)
            await PlainTextResponse("Страница открывается только на этом компьютере.", 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, _with_headers(send))


def refused(client: tuple[str, int] | None, headers: Mapping[str, str]) -> str:
    """Возвращает, почему запрос чужой; свой — пусто."""
    if client is None or not ip_address(client[0].partition("%")[0]).is_loopback:
        return "запрос не с этого компьютера"
    if FORWARDED.intersection(headers):
        return "запрос передан прокси: за ним может стоять кто угодно"
    return "" if name_of(headers.get("host", "")) in OWN_NAMES else "чужое имя узла в запросе"


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

    def new_device(self) -> str:
        """Возвращает куку браузера, из которого вошли."""
        number = secrets.token_urlsafe(12)
        return f"{number}.{self._sign(f'device:{number}')}"

    def device(self, cookie: str | None) -> str:
        """Возвращает номер знакомого браузера; незнакомый — пусто."""
        number, _, signature = (cookie or "").partition(".")
        known = hmac.compare_digest(self._sign(f"device:{number}").encode(), signature.encode())
        return number if known else ""

    def _sign(self, text: str) -> str:
        return blake2b(text.encode(), key=self._key, digest_size=24).hexdigest()


class PasswordLogin:
    """Вход по паролю: после пяти ошибок за минуту не пускает минуту.

    Браузер, из которого уже входили, считает свои ошибки отдельно: чужие ошибки с этого же компьютера не
    закроют страницу администратору (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
    """

    def __init__(
        self,
        password: str | None,
        now: Callable[[], float] = time.monotonic,
        fits: Callable[[str], bool] | None = None,
    ) -> None:
        self._password, self._now, self._fits = password, now, fits or self._is_password
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def is_open(self) -> bool:
        """Отвечает, пускают ли без пароля."""
        return self._password is None

    def closed_for(self, device: str = "") -> float:
        """Возвращает, сколько секунд вход ещё закрыт этому браузеру; незнакомые — все вместе (``""``)."""
        with self._lock:
            failures = self._failures.get(device)
            full = failures is not None and len(failures) == MOST_FAILURES
            return max(0.0, failures[0] + LOCK_SECONDS - self._now()) if failures and full else 0.0

    def admits(self, password: str, device: str = "") -> bool:
        """Проверяет пароль и считает ошибки."""
        right = self._fits(password)
        with self._lock:
            if right:
                self._failures.pop(device, None)
            else:
                self._failures.setdefault(device, deque(maxlen=MOST_FAILURES)).append(self._now())
                while len(self._failures) > MOST_DEVICES:
                    self._failures.popitem(last=False)
        return right

    def _is_password(self, given: str) -> bool:
        return hmac.compare_digest((self._password or "").encode(), given.encode())


def password_in(authorization: str) -> str:
    """Возвращает пароль из заголовка Basic; имя — любое, негодный заголовок — пустой пароль."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        return ""
    return text.partition(":")[2]


def new_visitor() -> str:
    return secrets.token_urlsafe(18)


def put_cookie(response: Response, name: str, value: str, age: int | None = None) -> None:
    """Ставит куку, которую не видят ни чужие сайты, ни сценарии страницы; ``age`` — секунд."""
    response.set_cookie(name, value, max_age=age, httponly=True, samesite="strict", path="/")


def _with_headers(send: Send) -> Send:
    async def sending(message: object) -> None:
        if isinstance(message, dict) and message.get("type") == "http.response.start":
            given = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message.get("headers", []), *given]
        await send(message)  # type: ignore[arg-type]

    return sending
