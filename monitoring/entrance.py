"""Вход на страницу: кого пускать, чьи формы выполнять; пароль и одноразовый код, которым его ставят."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from config.loader import ConfigError, key_file_of, opened, read_raw
from config.secrets import SecretError, read_key
from monitoring.guard import (
    DEVICE,
    DEVICE_SECONDS,
    SESSION,
    VISITOR,
    PasswordLogin,
    Tokens,
    new_visitor,
    password_in,
    put_cookie,
    same_origin,
)
from services.domain.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from services.journal.summing import SummedRefusals

Endpoint = Callable[[Request], Awaitable[Response]]
#: Показывает раздел; второе — метка его форм.
Show = Callable[[Request, str], Response]
#: Выполняет распоряжение с полями своей формы.
Obey = Callable[[Request, dict[str, str]], Response]

LARGEST_FORM = 64 * 1024
TOKEN = "token"
STALE = "Страница устарела или запрос пришёл не с неё: повторите действие"
NO_REDIS = (
    "Запустите службу Redis на этом компьютере: без неё нет ни очереди, ни расписания. Страница ждёт её."
)


class Entrance:
    """Охрана адресов страницы; сменился пароль — прежние входы перестают действовать."""

    def __init__(
        self, password: Callable[[], str | None], key: Callable[[], bytes], refusals: SummedRefusals
    ) -> None:
        self._password, self._key, self._refusals = password, key, refusals
        self._known: str | None = None
        self._renew()

    def _renew(self) -> None:
        self._known = self._password()
        self._login, self._tokens = PasswordLogin(self._known), Tokens(self._key(), self._known)

    def _fresh(self) -> None:
        if self._password() != self._known:
            self._renew()

    @property
    def is_open(self) -> bool:
        """Отвечает, пускают ли без пароля."""
        self._fresh()
        return self._login.is_open

    def token(self, visitor: str) -> str:
        """Возвращает метку форм этого посетителя."""
        return self._tokens.form(visitor)

    def page(self, show: Show) -> Endpoint:
        """Делает из ответа раздел: за паролем страницы, в потоке, без Redis — с объяснением."""

        async def answer(request: Request) -> Response:
            if not self.may_enter(request):
                return RedirectResponse("/login", 303)
            visitor = request.cookies.get(VISITOR) or new_visitor()
            response = await run_in_threadpool(_shown, show, request, self._tokens.form(visitor))
            put_cookie(response, VISITOR, visitor)
            return response

        return answer

    def order(self, obey: Obey) -> Endpoint:
        """Делает из ответа распоряжение (POST): за паролем страницы и только со своей формы."""

        async def answer(request: Request) -> Response:
            form = await form_of(request)
            if not self.may_enter(request):
                return RedirectResponse("/login", 303)
            if not self.is_own(request, form):
                self.refuse("request_refused", request, reason="форма не с этой страницы")
                from monitoring import pages

                return HTMLResponse(pages.trouble("Действие не выполнено", STALE), 403)
            return await run_in_threadpool(obey, request, form)

        return answer

    async def enter(self, request: Request) -> Response:
        """Показывает вход и проверяет пароль."""
        if self.may_enter(request):
            return RedirectResponse("/", 303)
        visitor = request.cookies.get(VISITOR) or new_visitor()
        complaint = ""
        if request.method == "POST":
            complaint = self._complaint(request, await form_of(request))
            if not complaint:
                return self.admitted(RedirectResponse("/", 303))
        from monitoring import pages

        page = await run_in_threadpool(pages.login, self._tokens.form(visitor), complaint)
        response = HTMLResponse(page, 401 if complaint else 200)
        put_cookie(response, VISITOR, visitor)
        return response

    def admitted(self, response: Response) -> Response:
        """Впускает того, кому ответ: ставит куку входа и запоминает браузер."""
        self._fresh()
        put_cookie(response, SESSION, self._tokens.session())
        put_cookie(response, DEVICE, self._tokens.new_device(), DEVICE_SECONDS)
        return response

    def may_enter(self, request: Request) -> bool:
        self._fresh()
        return self._login.is_open or self._tokens.is_session(request.cookies.get(SESSION))

    def is_own(self, request: Request, form: Mapping[str, str]) -> bool:
        """Отвечает, отправлена ли форма с нашей страницы этому посетителю."""
        token = form.get(TOKEN, "")
        return same_origin(request) and self._tokens.is_form(request.cookies.get(VISITOR), token)

    def program_complaint(self, request: Request) -> str:
        """Возвращает, почему не пускаем программу; заголовка нет — это ещё не ошибка входа."""
        given = request.headers.get("authorization")
        return self.judged(request, password_in(given)) if given else "Нужен пароль страницы"

    def judged(self, request: Request, given: str, login: PasswordLogin | None = None) -> str:
        """Сверяет пароль страницы, а с ``login`` — код; подошёл — пусто."""
        judge = login or self._login
        device = self._tokens.device(request.cookies.get(DEVICE))
        if wait := judge.closed_for(device):
            self.refuse("login_locked", request)
            return f"Слишком много ошибок: подождите {int(wait) + 1} с"
        if judge.admits(given, device):
            return ""
        self.refuse("login_failed", request)
        return "Код не подходит" if login else "Пароль не подходит"

    def refuse(self, event: str, request: Request, **fields: object) -> None:
        """Записывает отказ в журнал безопасности."""
        self._refusals.refused(event, client_of(request), **fields, page="monitor")

    def _complaint(self, request: Request, form: Mapping[str, str]) -> str:
        return self.judged(request, form.get("password", "")) if self.is_own(request, form) else STALE


class FilePassword:
    """Пароль страницы из файла настроек: сменили — действует сразу; файл не читается — прежний.

    Негодный файл страницы не открывает: иначе порча одной буквы снимала бы пароль.
    """

    def __init__(self, path: Path, first: str | None = None) -> None:
        self._path, self._known = path, first
        self._stamp: tuple[int, int] | None = None

    def __call__(self) -> str | None:
        """Возвращает пароль; его нет — None."""
        with suppress(OSError):
            found = self._path.stat()
            stamp = found.st_mtime_ns, found.st_size
            if stamp != self._stamp:
                self._read()
                self._stamp = stamp
        return self._known

    def _read(self) -> None:
        with suppress(ConfigError):
            raw = read_raw(self._path)
            section: Any = opened(
                {"monitor": raw.get("monitor", {}), "security": raw.get("security", {})}, self._path.parent
            )
            self._known = str(section["monitor"].get("password", "")) or None


def session_key(path: Path, otherwise: Callable[[], bytes] = lambda: secrets.token_bytes(32)) -> bytes:
    """Возвращает ключ входов: из файла ключа, чтобы вход пережил и конец первой установки."""
    try:
        return read_key(key_file_of(read_raw(path), path.parent)).encode()
    except (ConfigError, SecretError):
        return otherwise()


def _shown(show: Show, request: Request, token: str) -> Response:
    try:
        return show(request, token)
    except StoreError as error:
        from monitoring import pages

        return HTMLResponse(pages.trouble(str(error), NO_REDIS))


def client_of(request: Request) -> str:
    """Возвращает адрес спрашивающего для журнала безопасности."""
    return request.client.host if request.client else "?"


async def form_of(request: Request) -> dict[str, str]:
    """Возвращает поля формы; больше 64 КБ не читает, недосланного не ждёт."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_FORM:
                return {}
    except ClientDisconnect:  # не дождались: соединение закрыто по сроку
        return {}
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
