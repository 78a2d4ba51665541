"""Страница «Проверка»: осмотр установки, предпросмотр выборки, загрузка прошлого (СПЕЦ 3.1.1, 3.3)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from config.loader import settings_file
from monitoring.entrance import client_of
from monitoring.jobs import Job, Run
from services.domain.errors import StoreError
from services.domain.stages import TITLES
from services.sync.loading import BadPeriod, Loading, Step, period
from services.sync.preview import moment_in

if TYPE_CHECKING:
    from starlette.requests import Request

    from config.models import Settings
    from monitoring.entrance import Entrance
    from services.container import Services
    from services.doctor.findings import Finding
    from services.domain.outbox import BackfillProgress
    from services.sync.preview import Change

ADDRESS = "/check"
FORESEEN = 50


@dataclass(frozen=True, slots=True)
class Prospect:
    """Приём в предпросмотре: что с ним станет и какие поля изменятся; люди закрыты."""

    uid: str
    action: str
    deal_id: int | None
    reason: str
    changes: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Checks:
    """Всё, что видно на странице."""

    doctor: Run[Finding] | None
    preview: Run[Prospect] | None
    backfill: Run[Step] | None
    branches: Mapping[str, str]
    unfinished: Mapping[str, BackfillProgress]
    loads: bool


class CheckPage:
    """Дела страницы и её ответы."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._doctor: Job[Finding] = Job()
        self._preview: Job[Prospect] = Job()
        self._backfill: Job[Step] = Job(kept=1)

    def routes(self, entrance: Entrance) -> list[Route]:
        orders = {"doctor": self.examine, "preview": self.foresee, "backfill": self.load, "stop": self.stop}
        return [
            Route(ADDRESS, entrance.page(partial(self._shown, "check.html"))),
            Route(f"{ADDRESS}/live", entrance.page(partial(self._shown, "check_live.html"))),
            *[
                Route(f"{ADDRESS}/{name}", entrance.order(order), methods=["POST"])
                for name, order in orders.items()
            ],
        ]

    def examine(self, request: Request, form: Mapping[str, str]) -> Response:
        if self._doctor.start("", self._findings):
            self._note("doctor_requested", request)
        return RedirectResponse(f"{ADDRESS}#doctor", 303)

    def foresee(self, request: Request, form: Mapping[str, str]) -> Response:
        branch_id = form.get("branch", "")
        if branch_id in self._names and self._preview.start(
            branch_id, partial(foreseen, self._services, branch_id, FORESEEN)
        ):
            self._note("preview_requested", request, branch=branch_id)
        return RedirectResponse(f"{ADDRESS}#preview", 303)

    def load(self, request: Request, form: Mapping[str, str]) -> Response:
        """Начинает загрузку прошлого или продолжает прерванную."""
        branch_id = form.get("branch", "")
        if branch_id in self._names and self._backfill.start(
            branch_id, partial(self._steps, branch_id, form)
        ):
            self._note("backfill_requested", request, branch=branch_id)
        return RedirectResponse(f"{ADDRESS}#backfill", 303)

    def stop(self, request: Request, form: Mapping[str, str]) -> Response:
        """Прерывает загрузку: прочитанное уже в очереди, остальное можно продолжить."""
        self._backfill.stop()
        self._note("backfill_stopped", request)
        return RedirectResponse(f"{ADDRESS}#backfill", 303)

    def _note(self, event: str, request: Request, **fields: str) -> None:
        self._services.security_journal.info(event, **fields, client=client_of(request))

    def _shown(self, template: str, request: Request, token: str) -> Response:
        from monitoring.pages import rendered

        checks, now, zone = self._checks(), datetime.now(UTC), self._services.settings.rules.zone
        findings = groupby(checks.doctor.items if checks.doctor else (), key=attrgetter("group"))
        page = rendered(
            template,
            here=ADDRESS,
            title="Проверка",
            refreshes=True,
            c=checks,
            groups=[(name, list(found)) for name, found in findings],
            most=FORESEEN,
            token=token,
            now=now,
            zone=zone,
            today=now.astimezone(zone).date(),
            one_day=timedelta(days=1),
        )
        return HTMLResponse(page)

    @property
    def _names(self) -> Mapping[str, str]:
        return {branch.branch_id: branch.name for branch in self._services.settings.branches}

    def _checks(self) -> Checks:
        return Checks(
            self._doctor.state(),
            self._preview.state(),
            self._backfill.state(),
            self._names,
            self._unfinished(),
            self._services.backfill_now is not None,
        )

    def _unfinished(self) -> Mapping[str, BackfillProgress]:
        """Возвращает прерванные загрузки; Redis молчит — страница обойдётся без них."""
        load = self._services.store.backfills.load
        try:
            found = {branch_id: load(branch_id) for branch_id in self._names}
        except StoreError:
            return {}
        return {branch_id: progress for branch_id, progress in found.items() if progress is not None}

    def _findings(self) -> Generator[Finding, None, None]:
        from services.doctor.findings import fail, ok
        from services.doctor.run import Examination

        path, refused = settings_file(), self._services.settings_refused
        if refused:
            yield fail("settings", refused, "Исправьте файл настроек: пока служба работает с прежними")
        else:
            yield ok("settings", f"настройки годны: {path}")
        yield from Examination(self._services, path).findings()

    def _steps(self, branch_id: str, form: Mapping[str, str]) -> Generator[Step, None, None]:
        services = self._services
        if services.backfill_now is None:
            raise BadPeriod("Эта страница открыта не службой: загрузите из консоли, backfill.")
        if "continue" not in form:
            services.branch(branch_id).backfill.begin(*period(_day(form, "since"), _day(form, "until")))
        yield from Loading(branch_id, services.work, services.backfill_now, services.pause).steps()


def foreseen(services: Services, branch_id: str, limit: int) -> Generator[Prospect, None, None]:
    """Выдаёт первые приёмы предпросмотра; люди закрываются сразу: дальше страница их не носит."""
    words = Words(services.settings)
    for one in islice(services.preview(branch_id).changes(), limit):
        yield Prospect(one.uid, one.action, one.deal_id, one.reason, list(words.of(one.changes)))


def _day(form: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        raise BadPeriod("Назовите первый и последний день.") from None


class Words:
    """Поля, стадии и времена портала словами человека."""

    def __init__(self, settings: Settings) -> None:
        from services.domain.mapping import LABELS

        portal = settings.portal
        self._zone = settings.rules.zone
        self._labels = {code: LABELS[name] for name, code in portal.field_table.names.items()}
        self._labels["STAGE_ID"] = "Стадия"
        self._stages = {code: f"{TITLES[stage]} ({code})" for stage, code in portal.stage_table.ids.items()}

    def of(self, changes: Sequence[Change]) -> Iterator[tuple[str, str, str, str]]:
        """Возвращает имя поля, его код и значения до и после; постоянные спутники суммы человеку не нужны."""
        for change in changes:
            if change.title in self._labels:
                before, after = change.shown(names=False)
                yield self._labels[change.title], change.title, self._value(before), self._value(after)

    def _value(self, text: str) -> str:
        if (moment := moment_in(text)) is not None:
            return f"{moment.astimezone(self._zone):%d.%m.%Y %H:%M}"
        return self._stages.get(text, text)
