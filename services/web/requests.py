"""Пределы запросов: длина адреса и заголовков, сколько отвечаем разом — всего и одному адресу."""

from collections import Counter
from typing import Any

#: Запрос вкладки — сотни байтов; больше этого заголовков и адреса не бывает.
LARGEST_HEAD = 16 * 1024
#: Одновременных запросов: кураторов единицы, остальное — чужая настойчивость.
MOST_REQUESTS, MOST_BY_ADDRESS = 64, 24


class RequestLimits:
    """Приложение ASGI за пределами; h11 пропустил бы и длинное, если оно пришло одним куском."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._answering: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Передаёт запрос приложению; лишнему отказывает."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        if head_size(scope) > LARGEST_HEAD:
            await _refuse(send, 431, [])
        elif self._answering.total() >= MOST_REQUESTS or self._answering[address] >= MOST_BY_ADDRESS:
            await _refuse(send, 503, [(b"retry-after", b"1")])
        else:
            await self._counted(address, scope, receive, send)

    async def _counted(self, address: str, scope: Any, receive: Any, send: Any) -> None:
        self._answering[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._answering[address] -= 1
            if not self._answering[address]:
                del self._answering[address]


def head_size(scope: Any) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return len(scope["raw_path"]) + len(scope["query_string"]) + headers


async def _refuse(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"connection", b"close")],
    }
    await send(start)
    await send({"type": "http.response.body", "body": b""})
