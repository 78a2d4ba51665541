"""Разбор HTTP-запроса REST: адрес, метод, параметры, доступ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any

from demo.portal.access import by_token, by_webhook
from demo.portal.call import Identity
from demo.portal.errors import refusal
from demo.portal.options import PortalOptions
from demo.portal.php import parse_pairs, parse_query, php_map, php_str


@dataclass(frozen=True)
class RestRequest:
    """Запрос к REST: куски пути после /rest/, параметры, токен из заголовка."""

    path: tuple[str, ...]
    params: dict[str, Any]
    bearer: str = ""

    @property
    def method(self) -> str:
        """Возвращает имя метода без расширения; регистр портал прощает."""
        name = self.path[-1] if self.path else ""
        return name.lower().removesuffix(".json").removesuffix(".xml")

    def identity(self, options: PortalOptions) -> Identity:
        """Возвращает вызывающего или отказывает."""
        if len(self.path) == 3:
            return by_webhook(options, self.path[0], self.path[1])
        if len(self.path) == 1:
            return by_token(options, php_str(self.params.get("auth")) or self.bearer)
        raise refusal("NO_AUTH_FOUND")


def read_request(path: str, query: str, content_type: str, body: bytes, authorization: str) -> RestRequest:
    """Собирает запрос; параметры тела важнее параметров адреса."""
    params = parse_query(query) | body_params(content_type, body)
    parts = tuple(path.strip("/").split("/"))
    scheme, _, token = authorization.partition(" ")
    return RestRequest(parts, params, token if scheme.lower() == "bearer" else "")


def body_params(content_type: str, body: bytes) -> dict[str, Any]:
    """Возвращает параметры тела; негодный JSON — это молча «без параметров»."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == "application/json":
        return _json(body)
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    return parse_query(body.decode("utf-8", "replace"))


def _json(body: bytes) -> dict[str, Any]:
    try:
        return php_map(json.loads(body))
    except ValueError:
        return {}


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = [part for part in message.walk() if not part.is_multipart()]
    pairs = []
    for part in parts:
        name, payload = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            pairs.append((name, payload.decode("utf-8", "replace")))
    return parse_pairs(pairs)
