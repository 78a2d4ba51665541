"""Вызов метода: кто зовёт, с чем, что получает."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.portal.entities import Crm
from demo.portal.options import OAuthToken, PortalOptions
from demo.portal.php import php_int, php_map
from demo.portal.state import PortalState, Row
from demo.portal.values import ValueCodec


@dataclass(frozen=True)
class Identity:
    """Вызывающий: вебхук или токен пользователя; ``key`` — чей счётчик времени методов."""

    user_id: int
    scopes: tuple[str, ...]
    key: str
    token: OAuthToken | None = None


@dataclass(frozen=True)
class Reply:
    """Ответ метода; у списков — ещё общее число и начало следующей страницы."""

    result: Any
    total: int | None = None
    next: int | None = None

    def body(self) -> Row:
        """Возвращает верхний уровень ответа без поля time."""
        extra = {"next": self.next, "total": self.total}
        return {"result": self.result} | {key: value for key, value in extra.items() if value is not None}


@dataclass(frozen=True)
class Call:
    """Вызов метода."""

    crm: Crm
    options: PortalOptions
    identity: Identity
    params: dict[str, Any]

    @property
    def state(self) -> PortalState:
        """Возвращает данные портала."""
        return self.crm.state

    @property
    def codec(self) -> ValueCodec:
        """Возвращает переводчик значений."""
        return self.crm.codec

    def param(self, name: str) -> Any:
        """Возвращает параметр; регистр имени портал прощает."""
        if name in self.params:
            return self.params[name]
        folded = {key.lower(): value for key, value in self.params.items()}
        return folded.get(name.lower())

    def number(self, name: str = "id") -> int:
        """Возвращает целый параметр, 0 — если его нет."""
        return php_int(self.param(name))

    def fields(self, name: str = "fields") -> dict[str, Any] | None:
        """Возвращает параметр-массив или None, если передано не то."""
        raw = self.param(name)
        return php_map(raw) if isinstance(raw, (dict, list)) else None


Handler = Callable[[Call], Any]
