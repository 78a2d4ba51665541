"""Приложение страницы наблюдения: адреса, чтение и распоряжения администратора."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.loader import application_key
from plan_frontend.metrics import metrics_route
from plan_frontend.monitor import layout
from plan_frontend.monitor.actions import Actions
from plan_frontend.monitor.forms import TOKEN
from plan_frontend.monitor.guard import (
    SESSION,
    VISITOR,
    Door,
    OwnComputerOnly,
    Tokens,
    new_visitor,
    put_cookie,
    same_origin,
)
from plan_frontend.monitor.lists import failed_csv
from plan_frontend.monitor.snapshot import Filter, take
from services.domain.errors import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.container import Services

PAGE = Path(__file__).parent / "page"
LARGEST_FORM = 64 * 1024
NO_REDIS = (
    "Запустите службу Redis на этом компьютере: без неё нет ни очереди, ни расписания. Страница ждёт её."
)


def monitor_app(services: Services) -> Starlette:
    """Собирает страницу; кнопка выборки есть, если точка входа дала ``services.sync_now``."""
    pages = Pages(services)
    journal = services.security_journal
    return Starlette(
        routes=[
            Route("/", pages.whole),
            Route("/live", pages.live),
            Route("/failed.csv", pages.csv),
            Route("/login", pages.enter, methods=["GET", "POST"]),
            *[Route(f"/{name}", pages.act, methods=["POST"]) for name in Actions.NAMES],
            metrics_route(services),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[
            Middleware(
                OwnComputerOnly,
                report=lambda why: journal.warning("request_refused", reason=why, page="monitor"),
            )
        ],
    )


class Pages:
    """Ответы страницы; обращения к Redis идут в потоках, цикл событий они не держат."""

    def __init__(self, services: Services) -> None:
        self._services, self._actions = services, Actions(services)
        secret = services.settings.monitor.password
        password = secret.get_secret_value() if secret else None
        self._door, self._tokens = Door(password), Tokens(application_key(services.settings), password)

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
                return response
        response = HTMLResponse(
            layout.login(self._tokens.form(visitor), complaint), 401 if complaint else 200
        )
        put_cookie(response, VISITOR, visitor)
        return response

    async def act(self, request: Request) -> Response:
        """Выполняет распоряжение администратора; чужой запрос не выполняется."""
        form = await _form(request)
        if not self._may_enter(request):
            return RedirectResponse("/login", 303)
        if not self._is_own(request, form):
            self._services.security_journal.warning("request_refused", reason="форма не с этой страницы")
            return HTMLResponse(layout.trouble("Действие не выполнено", layout.DONE["stale"]), 403)
        done = await run_in_threadpool(self._actions.run, request.url.path.strip("/"), form, _client(request))
        return RedirectResponse(f"/?{done}", 303)

    def _may_enter(self, request: Request) -> bool:
        return self._door.is_open or self._tokens.is_session(request.cookies.get(SESSION))

    def _is_own(self, request: Request, form: dict[str, str]) -> bool:
        token = form.get(TOKEN, "")
        return same_origin(request) and self._tokens.is_form(request.cookies.get(VISITOR), token)

    def _complaint(self, request: Request, form: dict[str, str]) -> str:
        """Возвращает, почему не пускаем; пускаем — пусто."""
        journal = self._services.security_journal
        if not self._is_own(request, form):
            return layout.DONE["stale"]
        if wait := self._door.closed_for():
            journal.warning("login_locked", client=_client(request), page="monitor")
            return f"Слишком много ошибок: подождите {int(wait) + 1} с"
        if self._door.admits(form.get("password", "")):
            return ""
        journal.warning("login_failed", client=_client(request), page="monitor")
        return "Пароль не подходит"

    def _page(self, request: Request, visitor: str) -> str:
        token, settings = self._tokens.form(visitor), self._services.settings
        try:
            snapshot = take(self._services)
        except StoreError as error:
            return layout.trouble(str(error), NO_REDIS)
        done = _done(request)
        return layout.page(snapshot, _filter(request), settings, token, self._actions.syncs, done)

    def _live(self, request: Request, visitor: str) -> str:
        token, settings = self._tokens.form(visitor), self._services.settings
        try:
            return layout.live(take(self._services), _filter(request), settings, token)
        except StoreError as error:
            return layout.trouble_section(str(error), NO_REDIS)

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
    return layout.DONE.get(query.get("done", ""), "").format(count if count.isdigit() else "?")


def _client(request: Request) -> str:
    return request.client.host if request.client else "?"


async def _form(request: Request) -> dict[str, str]:
    """Возвращает поля формы; больше 64 КБ не читает."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
