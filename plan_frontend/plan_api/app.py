"""Сборка приложения ASGI: пути, CORS, общие ответы об ошибках."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plan_frontend.asking import LookupQueue
from plan_frontend.plan_api.handlers import PlanHandlers
from plan_frontend.plan_api.lookup import PlanLookup
from plan_frontend.plan_api.replies import failure
from plan_frontend.portal_auth import Gatekeeper
from services.domain.errors import StoreError

if TYPE_CHECKING:
    from config.models import Settings
    from services.bitrix.visitors import PortalVisitors
    from services.container import Services
    from services.ports import Journal

#: Вопросы филиалам и сделки проверенных сотрудников идут в потоках: столько одновременно.
THREADS = 8
#: Столько — незнакомых токенов.
CHECKS = 4


def plan_app(services: "Services") -> Any:
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="plans")
    asker = LookupQueue(services.settings, executor)

    def exceeded(user_id: int) -> None:
        services.security_journal.warning("plans_by_day_exceeded", user=user_id)
        with contextlib.suppress(StoreError):
            branch = services.settings.branches[0].branch_id
            services.store.stats.count(branch, "plans_by_day_exceeded", services.clock.now())

    journal = services.security_journal
    return assembled(services.settings, services.visitors, asker, journal, executor, exceeded=exceeded)


def assembled(
    settings: "Settings",
    visitors: "PortalVisitors",
    asker: LookupQueue,
    security: "Journal",
    executor: ThreadPoolExecutor,
    clock: Callable[[], float] = time.monotonic,
    exceeded: Callable[[int], object] = lambda user_id: None,
) -> Any:
    assert settings.application is not None
    rate = settings.portal.requests_per_second
    gatekeeper = Gatekeeper(visitors, settings.application, rate, clock, exceeded)
    checks = ThreadPoolExecutor(CHECKS, thread_name_prefix="tokens")
    lookup = PlanLookup(settings, gatekeeper, asker, executor, checks)
    handlers = PlanHandlers(lookup, security)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asker.close()
        for one in (executor, checks):
            one.shutdown(wait=False, cancel_futures=True)

    return Starlette(
        routes=[
            Route("/healthz", handlers.health, methods=["GET"]),
            Route("/api/v1/openapi.json", handlers.openapi, methods=["GET"]),
            Route("/api/v1/plans", handlers.plans, methods=["GET"]),
            Route("/api/v1/plans/{plan_id}", handlers.plan, methods=["GET"]),
        ],
        middleware=_cors(settings.web.origins),
        exception_handlers={HTTPException: _http_error, Exception: _bug},
        lifespan=lifespan,
    )


def _cors(origins: Sequence[str]) -> list[Middleware]:
    """Разрешает спрашивать только страницам приложения; без разрешения браузер ответа не отдаст."""
    allowed = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET"],
        allow_headers=["Authorization"],
        expose_headers=["Retry-After"],
        allow_private_network=True,
        max_age=600,
    )
    return [allowed]


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = {404: "Нет такого адреса.", 405: "Здесь понимают только GET."}.get(
        error.status_code, "Запрос не понят."
    )
    reply = failure(error.status_code, "bad_request", text)
    reply.headers.update(error.headers or {})
    return reply


async def _bug(request: Request, error: Exception) -> Response:
    return failure(500, "internal", "Ошибка службы: сообщите администратору, подробности в журнале узла.")
