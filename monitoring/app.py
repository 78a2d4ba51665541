"""Приложение страницы наблюдения: адреса, чтение и распоряжения администратора."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from config.loader import application_key
from monitoring.actions import Actions
from monitoring.check import CheckPage
from monitoring.entrance import NO_REDIS, Entrance, FilePassword, client_of, session_key
from monitoring.export import failed_csv
from monitoring.guard import VISITOR, OwnComputerOnly
from monitoring.journals import JournalsPage
from monitoring.metrics import exposition
from monitoring.snapshot import Filter, Visit, take
from monitoring.story import StoryPage
from services.domain.errors import StoreError
from services.journal.summing import SummedRefusals

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.container import Services

STATIC = Path(__file__).parent / "static"
#: Что показать после действия: код в адресе, слова — здесь.
DONE = {
    "requeued": "Возвращено в очередь записей: {}",
    "sync": "Выборка запрошена: изменения появятся через несколько секунд",
    "paused": "Пауза поставлена",
    "unpaused": "Пауза снята",
    "resumed": "Отправка возобновлена",
}


def monitor_app(services: Services, file: Path | None = None) -> Starlette:
    """Собирает страницу; кнопка выборки есть, если точка входа дала ``services.sync_now``.

    ``file`` — файл настроек: с ним на странице есть раздел «Настройки», и пароль берётся из него сразу.
    """
    refusals = SummedRefusals(services.security_journal)
    entrance = entrance_of(services, refusals, file)
    monitor = Monitor(services, entrance)
    return guarded(
        [
            Route("/", entrance.page(monitor.whole)),
            Route("/live", monitor.live),
            Route("/failed.csv", monitor.csv),
            Route("/login", entrance.enter, methods=["GET", "POST"]),
            *[Route(f"/{name}", entrance.order(monitor.act), methods=["POST"]) for name in Actions.NAMES],
            *StoryPage(services).routes(entrance),
            *JournalsPage(services).routes(entrance),
            *CheckPage(services).routes(entrance),
            *settings_routes(services, entrance, file),
            Route("/metrics", monitor.metrics),
        ],
        refusals,
    )


def guarded(routes: list[Route], refusals: SummedRefusals) -> Starlette:
    """Собирает приложение, которое слышит только этот компьютер."""
    return Starlette(
        routes=[*routes, Mount("/page", StaticFiles(directory=STATIC))],
        middleware=[
            Middleware(
                OwnComputerOnly,
                report=lambda address, why: refusals.refused(
                    "request_refused", address, reason=why, page="monitor"
                ),
            )
        ],
    )


def entrance_of(services: Services, refusals: SummedRefusals, file: Path | None) -> Entrance:
    """Возвращает вход: пароль — из файла настроек, а без него — из служб."""
    secret = services.settings.monitor.password
    password = (secret.get_secret_value() if secret else "") or None

    def own_key() -> bytes:
        return application_key(services.settings)

    if file is None:
        return Entrance(lambda: password, own_key, refusals)
    return Entrance(FilePassword(file, password), lambda: session_key(file, own_key), refusals)


def settings_routes(services: Services, entrance: Entrance, file: Path | None) -> list[Route]:
    if file is None:
        return []
    from monitoring.setup.app import SettingsPages
    from monitoring.setup.editor import SettingsEditor

    return SettingsPages(entrance, SettingsEditor(file, services.security_journal)).routes()


class Monitor:
    """Ответы страницы; обращения к Redis идут в потоках, цикл событий они не держат.

    Шаблоны грузятся с первой страницей: узел, на который не смотрят, их не носит.
    """

    def __init__(self, services: Services, entrance: Entrance) -> None:
        self._services, self._actions, self._entrance = services, Actions(services), entrance

    def whole(self, request: Request, token: str) -> Response:
        from monitoring import pages

        visit = self._visit(request, token)
        return HTMLResponse(pages.page(take(self._services), self._services.settings, visit))

    async def live(self, request: Request) -> Response:
        """Отдаёт часть, которая обновляется сама."""
        visitor = request.cookies.get(VISITOR)
        if visitor is None or not self._entrance.may_enter(request):
            return Response(status_code=401)
        return HTMLResponse(await run_in_threadpool(self._live, request, visitor))

    async def csv(self, request: Request) -> Response:
        if not self._entrance.may_enter(request):
            return RedirectResponse("/login", 303)
        content = await run_in_threadpool(self._csv, request)
        name = 'attachment; filename="not_sent.csv"'
        return Response(content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})

    async def metrics(self, request: Request) -> Response:
        """Отдаёт метрики; пароль страницы, если он есть, Prometheus называет сам (``basic_auth``)."""
        if not self._entrance.may_enter(request) and (complaint := self._entrance.program_complaint(request)):
            return Response(complaint, 401, {"WWW-Authenticate": 'Basic realm="metrics", charset="UTF-8"'})
        text, kind = await run_in_threadpool(exposition, self._services)
        return Response(text, media_type=kind)

    def act(self, request: Request, form: dict[str, str]) -> Response:
        done = self._actions.run(request.url.path.strip("/"), form, client_of(request))
        return RedirectResponse(f"/?{done}", 303)

    def _live(self, request: Request, visitor: str) -> str:
        from monitoring import pages

        visit = self._visit(request, self._entrance.token(visitor))
        try:
            return pages.live(take(self._services), self._services.settings, visit)
        except StoreError as error:
            return pages.trouble_section(str(error), NO_REDIS)

    def _visit(self, request: Request, token: str) -> Visit:
        return Visit(token, _filter(request), self._actions.syncs, _done(request))

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
