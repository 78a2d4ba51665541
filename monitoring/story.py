"""Раздел «Запись»: история одной записи по ключу, номеру приёма, сделки или карты."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.domain.errors import SkippableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from monitoring.entrance import Entrance
    from services.container import Services
    from services.journal.reading import Line
    from services.sync.story import Story

ADDRESS = "/record"
LINES = 60


class StoryPage:
    """Ответы раздела: прочитанное вживую показывается и нигде не остаётся."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self, entrance: Entrance) -> list[Route]:
        return [Route(ADDRESS, entrance.page(self.shown))]

    def shown(self, request: Request, token: str) -> Response:
        """Показывает историю, список найденного или пустое поле поиска."""
        from monitoring import pages
        from services.domain.mapping import LABELS

        asked, services = request.query_params.get("q", "").strip()[:40], self._services
        hits, trouble = services.search(asked) if asked else ((), ())
        story: Story | None = None
        life: Sequence[Line] = ()
        if len(hits) == 1:
            try:
                story = services.story(hits[0].uid)
            except SkippableError as error:
                trouble = [*trouble, str(error)]
            else:
                life = services.life(hits[0].uid, LINES)
        return HTMLResponse(
            pages.rendered(
                "story.html",
                here=ADDRESS,
                title="Запись",
                refreshes=False,
                asked=asked,
                hits=hits,
                trouble=trouble,
                story=story,
                life=life,
                labels=LABELS,
                token=token,
                zone=services.settings.rules.zone,
                portal=services.settings.portal.origin,
            )
        )
