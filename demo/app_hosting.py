"""Место, где портал держит загруженное приложение: файлы архива на своём адресе, как на его CDN."""

import zipfile
from io import BytesIO
from typing import Any

from services.web.server import Servers, Site

KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css"}


def hosted(archive: bytes) -> Any:
    """Возвращает приложение ASGI, отдающее файлы архива."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    with zipfile.ZipFile(BytesIO(archive)) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}

    async def give(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return Response("Нет такого файла", 404)
        return Response(files[name], media_type=KINDS[name.rsplit(".", 1)[-1]])

    return Starlette(routes=[Route("/app/{name}", give)])


class AppHosting:
    """Загруженное приложение; архив можно дать после старта: его адрес нужен настройкам раньше."""

    def __init__(self, port: int = 0) -> None:
        self._servers = Servers([Site(lambda: self, "127.0.0.1", port, name="хранилище приложений")])
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Отдаёт файл загруженного приложения."""
        if scope["type"] == "http" and self._app is not None:
            await self._app(scope, receive, send)

    def upload(self, archive: bytes) -> None:
        """Принимает архив приложения."""
        self._app = hosted(archive)

    @property
    def origin(self) -> str:
        """Возвращает адрес без пути: откуда страница спрашивает службу."""
        return self._servers.addresses[0].rstrip("/")

    @property
    def url(self) -> str:
        """Возвращает адрес вкладки."""
        return f"{self.origin}/app/index.html"

    def __enter__(self) -> "AppHosting":
        self._servers.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.stop()
