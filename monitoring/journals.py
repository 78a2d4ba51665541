"""Раздел «Журналы»: строки обоих журналов с отбором по записи, виду и дням (СПЕЦ 2.6)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.journal.kinds import KINDS, SECURITY
from services.journal.reading import Wanted, lines

if TYPE_CHECKING:
    from starlette.requests import Request

    from monitoring.entrance import Entrance
    from services.container import Services

ADDRESS = "/journals"
LINES = 200


class JournalsPage:
    """Ответы раздела."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self, entrance: Entrance) -> list[Route]:
        """Возвращает адреса раздела; кого пускать, решает ``entrance``."""
        return [Route(ADDRESS, entrance.page(self.shown))]

    def shown(self, request: Request, token: str) -> Response:
        """Показывает отобранные строки, поздние первыми."""
        from monitoring import pages

        query = request.query_params
        record, kind = query.get("record", "").strip().upper()[:40], query.get("kind", "")
        since, until = _day(query.get("since", "")), _day(query.get("until", ""))
        wanted = Wanted([record] if record else (), kind, since or date.min, until or date.max)
        folder = self._services.settings.journal.folder
        found, unread = lines(folder, wanted, LINES)
        page = pages.rendered(
            "journals.html",
            here=ADDRESS,
            title="Журналы",
            refreshes=False,
            record=record,
            kind=kind,
            since=since,
            until=until,
            kinds=sorted({*KINDS.values(), *SECURITY.values(), "система"}),
            found=found,
            unread=unread,
            folder=folder,
            token=token,
            zone=self._services.settings.rules.zone,
        )
        return HTMLResponse(page)


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None
