"""Приложение страницы наблюдения: адреса, чтение и распоряжения администратора."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.loader import application_key
from monitoring.actions import Actions
from monitoring.check import CheckPage
from monitoring.export import failed_csv
from monitoring.guard import (
    DEVICE,
    DEVICE_SECONDS,
    SESSION,
    VISITOR,
    OwnComputerOnly,
    PasswordLogin,
    Tokens,
    new_visitor,
    password_in,
    put_cookie,
    same_origin,
)
from monitoring.metrics import exposition
from monitoring.snapshot import Filter, Visit, take
from services.domain.errors import StoreError
from services.journal.summing import SummedRefusals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from services.container import Services

    Endpoint = Callable[[Request], Awaitable[Response]]
    #: Показывает раздел; второе — метка его форм.
    Show = Callable[[Request, str], Response]
    #: Выполняет распоряжение с полями своей формы.
    Obey = Callable[[Request, dict[str, str]], Response]

STATIC = Path(__file__).parent / "static"
LARGEST_FORM = 64 * 1024
TOKEN = "token"
#: Что показать после действия: код в адресе, слова — здесь.
DONE = {
    "requeued": "Возвращено в очередь записей: {}",
    "sync": "Выборка запрошена: изменения появятся через несколько секунд",
    "paused": "Пауза поставлена",
    "unpaused": "Пауза снята",
    "resumed": "Отправка возобновлена",
}
STALE = "Страница устарела или запрос пришёл не с неё: повторите действие"
NO_REDIS = (
    "Запустите службу Redis на этом компьютере: без неё нет ни очереди, ни расписания. Страница ждёт её."
)


def monitor_app(services: Services) -> Starlette:
    """Собирает страницу; кнопка выборки есть, если точка входа дала ``services.sync_now``."""
    refusals = SummedRefusals(services.security_journal)
    monitor = Monitor(services, refusals)
    return Starlette(
        routes=[
            Route("/", monitor.whole),
            Route("/live", monitor.live),
            Route("/failed.csv", monitor.csv),
            Route("/login", monitor.enter, methods=["GET", "POST"]),
            *[Route(f"/{name}", monitor.order(monitor.act), methods=["POST"]) for name in Actions.NAMES],
            *CheckPage(services).routes(monitor),
            Route("/metrics", monitor.metrics),
            Mount("/page", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(
                OwnComputerOnly,
                report=lambda address, why: refusals.refused(
                    "request_refused", address, reason=why, page="monitor"
                ),
            )
        ],
    )


class Monitor:
    """Ответы страницы; обращения к Redis идут в потоках, цикл событий они не держат.

    Шаблоны грузятся с первой страницей: узел, на который не смотрят, их не носит.
    """

    def __init__(self, services: Services, refusals: SummedRefusals) -> None:
        self._services, self._actions, self._refusals = services, Actions(services), refusals
        secret = services.settings.monitor.password
        password = (secret.get_secret_value() if secret else "") or None
        self._login, self._tokens = (
            PasswordLogin(password),
            Tokens(application_key(services.settings), password),
        )

    def page(self, show: Show) -> Endpoint:
        """Делает из ответа раздел: за паролем страницы, в потоке, без Redis — с объяснением."""

        async def answer(request: Request) -> Response:
            if not self._may_enter(request):
                return RedirectResponse("/login", 303)
            visitor = request.cookies.get(VISITOR) or new_visitor()
            response = await run_in_threadpool(self._shown, show, request, self._tokens.form(visitor))
            put_cookie(response, VISITOR, visitor)
            return response

        return answer

    def order(self, obey: Obey) -> Endpoint:
        """Делает из ответа распоряжение (POST): за паролем страницы и только со своей формы."""

        async def answer(request: Request) -> Response:
            form = await _form(request)
            if not self._may_enter(request):
                return RedirectResponse("/login", 303)
            if not self._is_own(request, form):
                self._refuse("request_refused", request, reason="форма не с этой страницы")
                from monitoring import pages

                return HTMLResponse(pages.trouble("Действие не выполнено", STALE), 403)
            return await run_in_threadpool(obey, request, form)

        return answer

    async def whole(self, request: Request) -> Response:
        """Отдаёт страницу целиком."""
        if not self._may_enter(request):
            return RedirectResponse("/login", 303)
        visitor = request.cookies.get(VISITOR) or new_visitor()
        response = HTMLResponse(await run_in_threadpool(self._page, request, visitor))
        put_cookie(response, VISITOR, visitor)
        return response

    async def live(self, request: Request) -> Response:
        """Отдаёт часть, которая обновляется сама."""
        visitor = request.cookies.get(VISITOR)
        if visitor is None or not self._may_enter(request):
            return Response(status_code=401)
        return HTMLResponse(await run_in_threadpool(self._live, request, visitor))

    async def csv(self, request: Request) -> Response:
        """Отдаёт неотправленные записи таблицей."""
        if not self._may_enter(request):
            return RedirectResponse("/login", 303)
        content = await run_in_threadpool(self._csv, request)
        name = 'attachment; filename="not_sent.csv"'
        return Response(content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})

    async def metrics(self, request: Request) -> Response:
        """Отдаёт метрики; пароль страницы, если он есть, Prometheus называет сам (``basic_auth``)."""
        if not self._may_enter(request) and (complaint := self._program_complaint(request)):
            return Response(complaint, 401, {"WWW-Authenticate": 'Basic realm="metrics", charset="UTF-8"'})
        text, kind = await run_in_threadpool(exposition, self._services)
        return Response(text, media_type=kind)

    async def enter(self, request: Request) -> Response:
        """Показывает вход и проверяет пароль."""
        if self._may_enter(request):
            return RedirectResponse("/", 303)
        visitor = request.cookies.get(VISITOR) or new_visitor()
        complaint = ""
        if request.method == "POST":
            form = await _form(request)
            complaint = self._complaint(request, form)
            if not complaint:
                response: Response = RedirectResponse("/", 303)
                put_cookie(response, SESSION, self._tokens.session())
                put_cookie(response, DEVICE, self._tokens.new_device(), DEVICE_SECONDS)
                return response
        from monitoring import pages

        page = await run_in_threadpool(pages.login, self._tokens.form(visitor), complaint)
        response = HTMLResponse(page, 401 if complaint else 200)
        put_cookie(response, VISITOR, visitor)
        return response

    def act(self, request: Request, form: dict[str, str]) -> Response:
        """Выполняет распоряжение администратора."""
        done = self._actions.run(request.url.path.strip("/"), form, client_of(request))
        return RedirectResponse(f"/?{done}", 303)

    def _shown(self, show: Show, request: Request, token: str) -> Response:
        try:
            return show(request, token)
        except StoreError as error:
            from monitoring import pages

            return HTMLResponse(pages.trouble(str(error), NO_REDIS))

    def _may_enter(self, request: Request) -> bool:
        return self._login.is_open or self._tokens.is_session(request.cookies.get(SESSION))

    def _is_own(self, request: Request, form: dict[str, str]) -> bool:
        token = form.get(TOKEN, "")
        return same_origin(request) and self._tokens.is_form(request.cookies.get(VISITOR), token)

    def _complaint(self, request: Request, form: dict[str, str]) -> str:
        """Возвращает, почему не пускаем человека; пускаем — пусто."""
        if not self._is_own(request, form):
            return STALE
        return self._judged(request, form.get("password", ""))

    def _program_complaint(self, request: Request) -> str:
        """Возвращает, почему не пускаем программу; заголовка нет — это ещё не ошибка входа."""
        given = request.headers.get("authorization")
        return self._judged(request, password_in(given)) if given else "Нужен пароль страницы"

    def _judged(self, request: Request, password: str) -> str:
        """Сверяет пароль; подошёл — пусто."""
        device = self._tokens.device(request.cookies.get(DEVICE))
        if wait := self._login.closed_for(device):
            self._refuse("login_locked", request)
            return f"Слишком много ошибок: подождите {int(wait) + 1} с"
        if self._login.admits(password, device):
            return ""
        self._refuse("login_failed", request)
        return "Пароль не подходит"

    def _refuse(self, event: str, request: Request, **fields: object) -> None:
        self._refusals.refused(event, client_of(request), **fields, page="monitor")

    def _page(self, request: Request, visitor: str) -> str:
        from monitoring import pages

        visit = self._visit(request, visitor)
        try:
            return pages.page(take(self._services), self._services.settings, visit)
        except StoreError as error:
            return pages.trouble(str(error), NO_REDIS)

    def _live(self, request: Request, visitor: str) -> str:
        from monitoring import pages

        visit = self._visit(request, visitor)
        try:
            return pages.live(take(self._services), self._services.settings, visit)
        except StoreError as error:
            return pages.trouble_section(str(error), NO_REDIS)

    def _visit(self, request: Request, visitor: str) -> Visit:
        return Visit(self._tokens.form(visitor), _filter(request), self._actions.syncs, _done(request))

    def _csv(self, request: Request) -> bytes:
        zone = self._services.settings.rules.zone
        return failed_csv(take(self._services), _filter(request), zone)


def _filter(request: Request) -> Filter:
    query = request.query_params
    return Filter(query.get("branch", ""), query.get("reason", ""), query.get("q", "")[:40])


def _done(request: Request) -> str:
    """Возвращает, что случилось после действия: код — в адресе, слова — свои."""
    query = request.query_params
    count = query.get("count", "")
    return DONE.get(query.get("done", ""), "").format(count if count.isdigit() else "?")


def client_of(request: Request) -> str:
    """Возвращает адрес спрашивающего для журнала безопасности."""
    return request.client.host if request.client else "?"


async def _form(request: Request) -> dict[str, str]:
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
