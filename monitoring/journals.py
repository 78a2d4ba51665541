"""Раздел «Журналы»: строки обоих журналов с отбором по записи, виду и дням (СПЕЦ 2.6)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from config.loader import settings_file
from services.journal.kinds import KINDS, SECURITY
from services.journal.reading import Wanted, lines
from services.support import CONTENTS, collect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request

    from monitoring.entrance import Entrance
    from services.container import Services

ADDRESS = "/journals"
LINES = 200
PIECE = 64 * 1024


class JournalsPage:
    """Ответы раздела."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self, entrance: Entrance) -> list[Route]:
        return [
            Route(ADDRESS, entrance.page(self.shown)),
            Route(f"{ADDRESS}/support", entrance.order(self.support), methods=["POST"]),
        ]

    def support(self, request: Request, form: Mapping[str, str]) -> Response:
        """Собирает пакет для помощи и отдаёт его файлом."""
        from monitoring.entrance import client_of

        file = TemporaryFile()  # noqa: SIM115 — закроется, когда уйдёт последний кусок
        collect(self._services, settings_file(), file)
        self._services.security_journal.info("support_collected", client=client_of(request))
        file.seek(0)
        name = {"Content-Disposition": 'attachment; filename="ident-bitrix-support.zip"'}
        return StreamingResponse(_pieces(file), media_type="application/zip", headers=name)

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
            contents=CONTENTS,
            kinds=sorted({*KINDS.values(), *SECURITY.values(), "система"}),
            found=found,
            unread=unread,
            folder=folder,
            token=token,
            zone=self._services.settings.rules.zone,
        )
        return HTMLResponse(page)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None
