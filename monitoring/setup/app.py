"""Раздел «Настройки» и первая установка: адреса и ответы (ТЗ 4.4.1, 4.4.4; СПЕЦ 3.4.3).

Всё — за паролем страницы, и без него не открывается: пароль ставит одноразовый код установщика. Записать
настройки можно, только назвав пароль снова: куку входа видит всякая программа на портах этого компьютера.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from config import first_run, versions
from config.loader import ConfigError, load_settings
from config.schema import Path as Place
from config.watching import STARTUP
from monitoring.entrance import STALE, Entrance, client_of, form_of
from monitoring.guard import VISITOR, PasswordLogin, new_visitor, put_cookie
from monitoring.jobs import Job
from monitoring.setup.form import PARTS, groups, has_sqlite, part_of
from services.domain.errors import SyncError

if TYPE_CHECKING:
    from starlette.requests import Request

    from monitoring.setup.checks import Checked
    from monitoring.setup.editor import SettingsEditor
    from services.bitrix.portal_setup import PortalSetup
    from services.container import Services

SETTINGS, FIRST = "/settings", "/first-run"
SHORTEST_PASSWORD = 8
FORESEEN = 5
#: Шаги первой установки: разделы настроек и то, чего в настройках нет.
STEPS: Mapping[str, str] = {
    "bases": "База Ident",
    "branches": "Филиалы",
    "portal": "Портал",
    "portal-setup": "Воронка и поля",
    "decisions": "Решения клиники",
    "alerts": "Кому сообщать",
    "check": "Проверка",
    "preview": "Первые приёмы",
}
#: Узел берёт перемену сам, кроме этих разделов: порты и очереди он открывает один раз.
RESTART = frozenset({*STARTUP, "web", "flower"})
DONE = {
    "saved": "Сохранено. Узел возьмёт новые настройки за несколько секунд",
    "restart": "Сохранено. Часть перемен начнёт действовать после перезапуска службы",
    "discarded": "Правки выброшены",
}


class SettingsPages:
    """Ответы раздела; ``start`` есть у первой установки: начинает обмен."""

    def __init__(
        self, entrance: Entrance, editor: SettingsEditor, start: Callable[[], None] | None = None
    ) -> None:
        self._entrance, self._editor, self._start = entrance, editor, start
        self._code = PasswordLogin(None, fits=partial(first_run.is_code, editor.path))
        self._jobs: Mapping[str, Job[Any]] = {name: Job() for name in ("portal-setup", "check", "preview")}

    def routes(self) -> list[Route]:
        orders: dict[str, Callable[..., Response]] = {
            f"{SETTINGS}/save": self._save,
            f"{SETTINGS}/discard": self._discard,
            f"{SETTINGS}/restore": self._restore,
            f"{SETTINGS}/portal-setup": self._set_up,
            f"{SETTINGS}/{{slug}}": partial(self._posted, SETTINGS),
        }
        shows: dict[str, Callable[..., Response]] = {
            f"{SETTINGS}": lambda request, token: RedirectResponse(f"{SETTINGS}/bases", 303),
            f"{SETTINGS}/difference": self._difference,
            f"{SETTINGS}/versions": self._versions,
            f"{SETTINGS}/{{slug}}": partial(self._form, SETTINGS),
        }
        if self._start is not None:
            orders |= {f"{FIRST}/start": self._begin, f"{FIRST}/{{slug}}": partial(self._posted, FIRST)}
            shows |= {
                "/": lambda request, token: RedirectResponse(f"{FIRST}/{self._step()}", 303),
                f"{FIRST}/{{slug}}": partial(self._form, FIRST),
            }
        return [
            Route("/welcome", self.welcome, methods=["GET", "POST"]),
            *[Route(path, self._entrance.page(self._behind(show))) for path, show in shows.items()],
            *[
                Route(path, self._entrance.order(self._behind(order)), methods=["POST"])
                for path, order in orders.items()
            ],
        ]

    def _behind(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        """Пускает к настройкам только с паролем: пока его нет, ведёт к коду."""

        def shown(request: Request, given: Any) -> Response:
            if self._entrance.is_open:
                return RedirectResponse("/welcome", 303)
            try:
                return answer(request, given)
            except (ConfigError, SyncError, KeyError) as error:
                known = not isinstance(error, KeyError)
                return self._page(
                    request, "settings_trouble.html", 400, trouble=str(error) if known else STALE
                )

        return shown

    async def welcome(self, request: Request) -> Response:
        """Ставит пароль страницы тому, кто знает одноразовый код."""
        if not self._entrance.is_open:
            return RedirectResponse("/login", 303)
        visitor = request.cookies.get(VISITOR) or new_visitor()
        complaint = ""
        if request.method == "POST":
            form = await form_of(request)
            complaint = await run_in_threadpool(self._welcomed, request, form)
            if not complaint:
                return self._entrance.admitted(RedirectResponse("/" if self._start else SETTINGS, 303))
        page = self._page(
            request, "welcome.html", 401 if complaint else 200, token=self._entrance.token(visitor),
            complaint=complaint, has_code=first_run.has_code(self._editor.path),
        )  # fmt: skip
        put_cookie(page, VISITOR, visitor)
        return page

    def _welcomed(self, request: Request, form: Mapping[str, str]) -> str:
        password = form.get("password", "")
        if not self._entrance.is_own(request, form):
            return STALE
        if len(password) < SHORTEST_PASSWORD or password != form.get("again", ""):
            return f"Пароль — не короче {SHORTEST_PASSWORD} знаков, дважды одинаково"
        if complaint := self._entrance.judged(request, form.get("code", ""), self._code):
            return complaint
        first_run.spend_code(self._editor.path)
        self._editor.create()
        self._editor.vault.set("monitor.password", password)
        self._editor.note("page_password_set", client_of(request))
        return ""

    # --- разделы ---

    def _form(self, base: str, request: Request, token: str) -> Response:
        slug = request.path_params["slug"]
        if slug in self._jobs:
            return self._work(base, slug, request, token)
        visitor, checked = request.cookies.get(VISITOR, ""), None
        if base == FIRST and slug == "branches" and not self._editor.raw(visitor).get("branches"):
            checked = self._checked(visitor, slug)
        return self._shown(base, slug, request, token, checked)

    def _shown(
        self, base: str, slug: str, request: Request, token: str, checked: Checked | None = None,
        trouble: str = "", told: bool = False,
    ) -> Response:  # fmt: skip
        visitor, part = request.cookies.get(VISITOR, ""), part_of(slug)
        raw, roots = self._editor.raw(visitor), {root[0] for root in part.roots}
        empty = slug in ("bases", "branches") and not raw.get(str(part.roots[0][0]))
        added = request.query_params.get("add", "mssql" if empty else "")
        show_all = told or base == SETTINGS
        faults = [
            (place, text)
            for place, text in self._editor.faults(visitor)
            if show_all and roots & set(place[:1])
        ]
        return self._page(
            request, "settings.html", 400 if trouble or told else 200, token=token, base=base, part=part,
            groups=groups(part, raw, added), checked=checked, trouble=trouble, slug=slug,
            faults={".".join(map(str, place)): text for place, text in faults},
            changes=len(self._editor.difference(visitor)), has_sqlite=has_sqlite(raw),
            repeated=slug in ("bases", "branches"), done=DONE.get(request.query_params.get("done", ""), ""),
        )  # fmt: skip

    def _posted(self, base: str, request: Request, form: dict[str, str]) -> Response:
        slug, visitor = request.path_params["slug"], request.cookies.get(VISITOR, "")
        if slug in self._jobs:
            return self._started(base, slug, request)
        part, do, token = part_of(slug), form.get("do", ""), self._entrance.token(visitor)
        self._editor.change(visitor, part, form)
        if do == "check" and part.check:
            return self._shown(base, slug, request, token, self._checked(visitor, slug))
        if do in ("mssql", "sqlite"):
            return RedirectResponse(f"{base}/{slug}?add={do}", 303)
        if base == SETTINGS:
            return RedirectResponse(f"{SETTINGS}/difference", 303)
        try:
            self._editor.save(visitor, client_of(request), [str(root[0]) for root in part.roots])
        except ConfigError as error:
            return self._shown(base, slug, request, token, trouble=str(error), told=True)
        return RedirectResponse(f"{FIRST}/{_after(slug)}", 303)

    def _checked(self, visitor: str, slug: str) -> Checked:
        """Проверяет черновик; найденные в Ident организации становятся в нём филиалами."""
        from monitoring.setup.checks import check

        checked = check(slug, self._editor.opened(visitor), lambda: _services(self._editor.settings(visitor)))
        rows = self._editor.raw(visitor).get("branches", [])
        taken = max([0, *(row.get("number", 0) for row in rows)])
        homes = {row.get("database") for row in rows}
        for at, (database, name) in enumerate(checked.companies):
            own = {"number": taken + at + 1, "name": name, "database": database}
            if database not in homes:
                own["home"] = True
                homes.add(database)
            place = ("branches", len(rows) + at)
            self._editor.put(visitor, {(*place, key): value for key, value in own.items()})
        return checked

    # --- разница, запись, прежние ---

    def _difference(self, request: Request, token: str, complaint: str = "") -> Response:
        visitor = request.cookies.get(VISITOR, "")
        return self._page(
            request, "difference.html", 400 if complaint else 200, token=token, complaint=complaint,
            lines=self._editor.difference(visitor), faults=[text for _, text in self._editor.faults(visitor)],
        )  # fmt: skip

    def _save(self, request: Request, form: dict[str, str]) -> Response:
        visitor = request.cookies.get(VISITOR, "")
        token = self._entrance.token(visitor)
        if complaint := self._entrance.judged(request, form.get("password", "")):
            return self._difference(request, token, complaint)
        lines = self._editor.difference(visitor)
        self._editor.save(visitor, client_of(request))
        slow = any(line.place[0] in RESTART or line.place == ("monitor", "port") for line in lines)
        response: Response = RedirectResponse(f"{SETTINGS}/bases?done={'restart' if slow else 'saved'}", 303)
        return self._entrance.admitted(response)  # пароль могли сменить: вход остаётся

    def _discard(self, request: Request, form: dict[str, str]) -> Response:
        self._editor.discard(request.cookies.get(VISITOR, ""))
        return RedirectResponse(f"{SETTINGS}/bases?done=discarded", 303)

    def _versions(self, request: Request, token: str) -> Response:
        kept = versions.kept(self._editor.path)
        return self._page(request, "versions.html", token=token, kept=kept, zone=self._editor.zone())

    def _restore(self, request: Request, form: dict[str, str]) -> Response:
        self._editor.restore(request.cookies.get(VISITOR, ""), form.get("name", ""))
        return RedirectResponse(f"{SETTINGS}/difference", 303)

    # --- портал, проверка, предпросмотр, начало ---

    def _work(self, base: str, slug: str, request: Request, token: str) -> Response:
        job = self._jobs[slug].state()
        plan: list[str] = []
        if slug == "portal-setup" and not (job and job.goes):
            plan = self._planned()
        elif job is None and base == FIRST:
            self._started(base, slug, request)
            job = self._jobs[slug].state()
        response = self._page(
            request, "settings_job.html", token=token, base=base, slug=slug, job=job, plan=plan,
            next=_after(slug) if base == FIRST else "",
        )  # fmt: skip
        if job and job.goes:
            response.headers["Refresh"] = "2"
        return response

    def _started(self, base: str, slug: str, request: Request) -> Response:
        work: Mapping[str, Callable[[], Generator[Any, None, None]]] = {
            "portal-setup": partial(self._creating, client_of(request)),
            "check": self._findings,
            "preview": self._foreseen,
        }
        self._jobs[slug].start(slug, work[slug])
        return RedirectResponse(f"{base}/{slug}", 303)

    def _set_up(self, request: Request, form: dict[str, str]) -> Response:
        return self._started(SETTINGS, "portal-setup", request)

    @contextmanager
    def _setting_up(self) -> Iterator[PortalSetup]:
        """Открывает портал черновика для настройки; вебхук не администратора — PlanError."""
        from monitoring.setup.checks import open_admin
        from services.bitrix.portal_schema import PIPELINE_NAME
        from services.bitrix.portal_setup import PortalSetup

        with open_admin(self._editor.opened("")) as (portal, admin):
            setup = PortalSetup(admin, portal, PIPELINE_NAME, None, time.sleep)
            setup.check_owner()
            yield setup

    def _planned(self) -> list[str]:
        from services.bitrix.portal_plan import PlanError

        try:
            with self._setting_up() as setup:
                plan = setup.plan()
        except PlanError as error:
            raise ConfigError(str(error)) from None
        return [] if plan.is_done else plan.told()

    def _creating(self, client_address: str) -> Generator[str, None, None]:
        with self._setting_up() as setup:
            yield from setup.run(partial(self._record, client_address))
        self._editor.note("portal_set_up", client_address)

    def _record(self, client: str, category_id: int, stages: Mapping[Any, str]) -> bool:
        """Записывает в файл номер воронки и коды стадий; настройки первой установки ещё не целы."""
        visitor, before = "portal-setup", self._editor.text()
        codes: dict[Place, object] = {
            ("portal", "stages", str(stage)): code for stage, code in stages.items()
        }
        self._editor.put(visitor, {("portal", "category_id"): category_id, **codes})
        self._editor.save(visitor, client, ["portal"])
        return self._editor.text() != before

    def _findings(self) -> Generator[Any, None, None]:
        from services.doctor.run import Examination

        with closing(_services(load_settings(self._editor.path))) as services:
            for finding in Examination(services, self._editor.path).findings():
                if self._start is None or finding.code != "service":  # служба начнётся последним шагом
                    yield finding

    def _foreseen(self) -> Generator[Any, None, None]:
        from monitoring.check import foreseen

        with closing(_services(load_settings(self._editor.path))) as services:
            for branch in services.settings.served:
                yield from foreseen(services, branch.branch_id, FORESEEN)

    def _begin(self, request: Request, form: dict[str, str]) -> Response:
        """Начинает обмен: дальше узел работает сам, и эту страницу сменит страница наблюдения."""
        load_settings(self._editor.path)
        first_run.finish(self._editor.path)
        self._editor.note("exchange_started", client_of(request))
        response = self._page(request, "starting.html")
        response.background = BackgroundTask(self._start or (lambda: None))
        return response

    def _step(self) -> str:
        """Возвращает первый незаконченный шаг."""
        raw = self._editor.raw()
        filled = {"bases": "databases", "branches": "branches", "portal": "portal"}
        return next((slug for slug, name in filled.items() if not raw.get(name)), "portal-setup")

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        from monitoring.pages import rendered

        first = self._start is not None
        around = {
            "title": "Первая установка" if first else "Настройки",
            "refreshes": False,
            "steps": STEPS if first else {},
        }
        if not first and template != "welcome.html":
            around["here"] = SETTINGS
        return HTMLResponse(rendered(template, **{**around, "parts": PARTS, "slug": "", **values}), status)


def _after(slug: str) -> str:
    """Возвращает следующий шаг; за последним — он сам."""
    names = list(STEPS)
    return names[min(names.index(slug) + 1, len(names) - 1)]


def _services(settings: Any) -> Services:
    from services.container import build_services

    return build_services(settings)
